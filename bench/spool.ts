/**
 * `node bench/spool.ts`: what keeping and delivering records costs a data plane. An append-only log is compared with a
 * table in SQLite; then the cost of one interception, everything on, and how fast a backlog is delivered.
 *
 * Layout: spool/outboxes.ts has the two ways to keep records and spool/compare-outboxes.ts runs them;
 * spool/measure-delivery.ts measures the recorder of the data plane against a recorder that keeps nothing.
 */
import { parseArgs } from "node:util";
import { renderTable } from "./report/table.ts";
import { compareOutboxes } from "./spool/compare-outboxes.ts";
import { drainRate, recordingCost } from "./spool/measure-delivery.ts";

const HELP = `node bench/spool.ts [--interceptions N] [--rounds N] [--backlog N]

Measures the data plane's spool: CPU time for a record, time until it is kept, delivery of a backlog.

  --interceptions N  interceptions of one round, of five records each (default 5000)
  --rounds N         rounds of each kind; the cheapest counts (default 3)
  --backlog N        interceptions of the backlog that is delivered (default 40000)
  --help             this text
`;

const OPTIONS = {
  interceptions: { type: "string", default: "5000" },
  rounds: { type: "string", default: "3" },
  backlog: { type: "string", default: "40000" },
  help: { type: "boolean", short: "h" },
} as const;

const { values } = parseArgs({ options: OPTIONS });
if (values.help === true) process.stdout.write(HELP);
else await main(Number(values.interceptions), Number(values.rounds), Number(values.backlog));

async function main(interceptions: number, rounds: number, backlog: number): Promise<void> {
  const figures = await compareOutboxes(interceptions, rounds);
  const text = (value: number) => value.toFixed(1);
  process.stdout.write(
    renderTable(
      [
        { title: "outbox", align: "left" },
        { title: "synced", align: "left" },
        { title: "CPU us/record", align: "right" },
        { title: "p99 append us", align: "right" },
      ],
      figures.map(({ outbox, sync, cpuMicros, p99Micros }) => [
        outbox,
        sync,
        text(cpuMicros),
        text(p99Micros),
      ]),
    ),
  );
  process.stdout.write("\nrecording and delivery, CPU us for an interception of five records\n");
  for (const durability of ["process", "disk", "recorder"] as const)
    for (const perTurn of [1, 8]) {
      const turns = Math.ceil(interceptions / 5 / perTurn);
      const cost = await recordingCost(durability, { perTurn, turns, rounds });
      process.stdout.write(`  ${durability}, ${perTurn} in a turn: ${text(cost)}\n`);
    }
  const drain = await drainRate(backlog);
  process.stdout.write(
    `\na backlog of ${drain.records} records: ${Math.round(drain.recordsPerSecond)} records/s, memory grown by ${Math.round(drain.grownBytes / 2 ** 20)} MiB while it came together\n`,
  );
}
