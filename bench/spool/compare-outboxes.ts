import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minimum, percentile } from "../measure/statistics.ts";
import { fiveRecords } from "./five-records.ts";
import { encodedGroups, logOutbox, type Outbox, sqliteOutbox } from "./outboxes.ts";

export interface OutboxFigures {
  readonly outbox: string;
  readonly sync: string;
  /** CPU time of the process for keeping, reading and removing one record, in microseconds. */
  readonly cpuMicros: number;
  /** Time until a group is kept, in microseconds. */
  readonly p99Micros: number;
}

const kinds = { "segment log": logOutbox, "node:sqlite": sqliteOutbox } as const;
const recordsOfInterception = 5;
const deliverEvery = 50;

/** Runs both outboxes in turns; the cheapest round counts. */
export async function compareOutboxes(interceptions: number, rounds: number): Promise<OutboxFigures[]> {
  const figures: OutboxFigures[] = [];
  for (const synced of [false, true]) {
    const measured = new Map<string, { cpu: number[]; p99: number[] }>();
    for (let round = 0; round < rounds; round++)
      for (const [name, open] of Object.entries(kinds)) {
        const { cpu, p99 } = measured.get(name) ?? { cpu: [], p99: [] };
        const one = await runOnce(
          (folder) => open(folder, synced),
          synced ? interceptions / 10 : interceptions,
        );
        measured.set(name, { cpu: [...cpu, one.cpuMicros], p99: [...p99, one.p99Micros] });
      }
    for (const [outbox, { cpu, p99 }] of measured)
      figures.push({
        outbox,
        sync: synced ? "each group" : "every 50 ms",
        cpuMicros: minimum(cpu),
        p99Micros: minimum(p99),
      });
  }
  return figures;
}

async function runOnce(open: (folder: string) => Outbox, interceptions: number) {
  const folder = fs.mkdtempSync(join(tmpdir(), "aibridge-bench-"));
  const groups = Array.from({ length: interceptions }, () => {
    const { start, answer, end } = fiveRecords();
    return encodedGroups([[start], answer, [end]]);
  });
  const outbox = open(folder);
  const times: number[] = [];
  const before = process.cpuUsage();
  for (const [index, interception] of groups.entries()) {
    for (const group of interception) {
      const startedAt = performance.now();
      await outbox.append(group);
      times.push((performance.now() - startedAt) * 1000);
    }
    if (index % deliverEvery === 0) {
      outbox.deliver(deliverEvery * recordsOfInterception);
      // Requests come in turns of the event loop: timers and syncs run as they do in a gateway.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const { user, system } = process.cpuUsage(before);
  await outbox.close();
  fs.rmSync(folder, { recursive: true });
  return {
    cpuMicros: (user + system) / interceptions / recordsOfInterception,
    p99Micros: percentile(times, 0.99),
  };
}
