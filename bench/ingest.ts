/**
 * `node bench/ingest.ts`: what it costs the control plane to store records, and how many it stores a second, on SQLite
 * and on MariaDB, as a multiple of bare inserts of the same rows in the same run.
 *
 * Layout: ingest/mixed-records.ts makes the records, ingest/record-stream.ts sends them, ingest/measure-ingest.ts runs
 * the rounds, ingest/bare-inserts.ts is what they are compared with.
 */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MariaDb } from "../test/support/use-mariadb.ts";
import { bareMysql, bareSqlite } from "./ingest/bare-inserts.ts";
import { type IngestFigures, measureIngest } from "./ingest/measure-ingest.ts";
import type { CpuProfile } from "./report/profile.ts";
import { renderProfile } from "./report/render-profile.ts";
import { renderTable } from "./report/table.ts";

const HELP = `node bench/ingest.ts [--records N] [--rounds N] [--only sqlite|mariadb] [--profile DIR]

Streams records to a control plane and measures its CPU time; the bare inserts of the same rows are the measure.

  --records N     records of one round (default 20000)
  --rounds N      rounds of each kind; the cheapest counts (default 5)
  --only NAME     one database only: sqlite or mariadb
  --profile DIR   write CPU profiles of the control planes to DIR and print their dearest functions
  --help          this text
`;

const OPTIONS = {
  records: { type: "string", default: "20000" },
  rounds: { type: "string", default: "5" },
  only: { type: "string" },
  profile: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const profile = values.profile === undefined ? undefined : resolve(values.profile);
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  const plan = { records: count(values.records), rounds: count(values.rounds), profile };
  const figures: IngestFigures[] = [];
  if (values.only !== "mariadb") figures.push(...(await onSqlite(plan)));
  if (values.only !== "sqlite") figures.push(...(await onMariaDb(plan)));
  process.stdout.write(renderFigures(figures));
  if (profile !== undefined) await showProfiles(profile);
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new TypeError(`expected a number from 1, found ${text}`);
  return Number(text);
}

interface Plan {
  readonly records: number;
  readonly rounds: number;
  readonly profile: string | undefined;
}

async function onSqlite(plan: Plan): Promise<IngestFigures[]> {
  const directory = await mkdtemp(join(tmpdir(), "aibridge-ingest-"));
  try {
    const file = join(directory, "aibridge.db");
    const database = { name: "sqlite", address: `sqlite:${file}`, bareInserts: async () => bareSqlite(file) };
    return await measureIngest({ ...plan, database, directory, env: environment() });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function onMariaDb(plan: Plan): Promise<IngestFigures[]> {
  await using server = await MariaDb.start();
  const directory = await mkdtemp(join(tmpdir(), "aibridge-ingest-"));
  try {
    const address = await server.database("ingest");
    const database = { name: "mariadb", address, bareInserts: () => bareMysql(address) };
    return await measureIngest({ ...plan, database, directory, env: environment() });
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** What the control planes are started with. */
function environment(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: the entry point hands the environment on to the processes it starts
  return process.env;
}

function renderFigures(figures: readonly IngestFigures[]): string {
  const right = (title: string) => ({ title, align: "right" }) as const;
  return renderTable(
    [
      { title: "database", align: "left" },
      { title: "what", align: "left" },
      right("CPU us/record"),
      right("x bare"),
      right("records/s"),
      right("x bare"),
    ],
    figures.map(({ database, what, cpuMicros, cpuRatio, perSecond, speedRatio }) => [
      database,
      what,
      cpuMicros.toFixed(1),
      cpuRatio.toFixed(2),
      perSecond.toFixed(0),
      speedRatio.toFixed(2),
    ]),
  );
}

async function showProfiles(folder: string): Promise<void> {
  const root = new URL("../", import.meta.url).href;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".cpuprofile"))) {
    const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
    process.stdout.write(`\n${name}\n${renderProfile(profile, root)}`);
  }
}

// Exit handlers end what was started; a signal alone would not run them.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
