import { randomBytes } from "node:crypto";
import { cpuMicroseconds } from "../measure/process-usage.ts";
import { freePort } from "../topology/free-port.ts";
import { PlaneProcess } from "../topology/plane-process.ts";
import type { BareInserts } from "./bare-inserts.ts";
import { mixedBatches } from "./mixed-records.ts";
import { frameOf, sendFrames } from "./record-stream.ts";

/** Records of one batch: the most there may be, and as many as one request leaves on a quiet gateway. */
const BATCH_SIZES = [256, 5] as const;

/** Where and how much to measure. */
export interface IngestPlan {
  readonly database: {
    readonly name: string;
    /** What `--database` takes. */
    readonly address: string;
    /** Bare inserts of the rows that the database holds by now. */
    readonly bareInserts: () => Promise<BareInserts>;
  };
  readonly records: number;
  readonly rounds: number;
  /** Folder for the control plane's files. */
  readonly directory: string;
  /** Folder for its CPU profile. */
  readonly profile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What one way of storing records costs. */
export interface IngestFigures {
  readonly database: string;
  readonly what: string;
  readonly cpuMicros: number;
  /** As a multiple of the bare inserts. */
  readonly cpuRatio: number;
  readonly perSecond: number;
  readonly speedRatio: number;
}

interface Round {
  readonly cpuMicros: number;
  readonly millis: number;
}

/**
 * Runs the rounds of each kind by turns, so that other work on the machine hits all of them.
 * @throws Error when the control plane does not start, refuses a record or has not stored each once
 */
export async function measureIngest(plan: IngestPlan): Promise<IngestFigures[]> {
  const gatewayKey = randomBytes(32).toString("hex");
  await using target = await startControlPlane(plan, gatewayKey);
  const send = (perBatch: number) => sendRound(target, gatewayKey, plan.records, perBatch);
  // Warms the control plane up, and leaves the rows that the bare inserts are made of.
  await send(BATCH_SIZES[0]);
  await using bare = await plan.database.bareInserts();
  if (bare.rows !== plan.records) throw new Error(`of ${plan.records} records ${bare.rows} were stored`);
  const bareRounds: Round[] = [];
  const rounds = BATCH_SIZES.map((): Round[] => []);
  await bare.run();
  for (let round = 0; round < plan.rounds; round++) {
    bareRounds.push(await bare.run());
    for (const [index, size] of BATCH_SIZES.entries()) rounds[index]?.push(await send(size));
  }
  const base = cheapest(bareRounds, bare.rows);
  const figures = (what: string, best: ReturnType<typeof cheapest>): IngestFigures => ({
    database: plan.database.name,
    what,
    ...best,
    cpuRatio: best.cpuMicros / base.cpuMicros,
    speedRatio: best.perSecond / base.perSecond,
  });
  return [
    figures("bare inserts", base),
    ...BATCH_SIZES.map((size, index) =>
      figures(`batches of ${size}`, cheapest(rounds[index] ?? [], plan.records)),
    ),
  ];
}

/** CPU microseconds of one record in the cheapest round, and records a second in the quickest. */
function cheapest(rounds: readonly Round[], records: number): { cpuMicros: number; perSecond: number } {
  return {
    cpuMicros: Math.min(...rounds.map(({ cpuMicros }) => cpuMicros)) / records,
    perSecond: (records * 1000) / Math.min(...rounds.map(({ millis }) => millis)),
  };
}

/** Makes and encodes the records first: only sending, storing and acknowledging them is measured. */
async function sendRound(
  { plane, url }: { plane: PlaneProcess; url: string },
  key: string,
  records: number,
  perBatch: number,
): Promise<Round> {
  const frames = mixedBatches(records, perBatch).map(frameOf);
  const before = await cpuMicroseconds(plane.pid);
  const millis = await sendFrames(url, key, frames, records);
  return { cpuMicros: (await cpuMicroseconds(plane.pid)) - before, millis };
}

async function startControlPlane({ database, directory, profile, env }: IngestPlan, gatewayKey: string) {
  const [port, adminPort] = [await freePort(), await freePort()];
  const plane = await PlaneProcess.start({
    command: "controlplane",
    name: `controlplane-${database.name}`,
    flags: [
      ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
      ...["--database", database.address],
    ],
    env: {
      ...env,
      AIBRIDGE_GATEWAY_KEY: gatewayKey,
      AIBRIDGE_ADMIN_KEY: randomBytes(32).toString("hex"),
      ...(profile && {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile} --cpu-prof-name=ingest-${database.name}.cpuprofile`,
      }),
    },
    directory,
    adminUrl: `http://127.0.0.1:${adminPort}`,
  });
  return {
    plane,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  };
}
