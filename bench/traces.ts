/**
 * `npm run bench:traces -- [rounds]`: what traces cost a request, as CPU time of the data plane: off, on with every
 * request sampled and sent to a collector, and on with none sampled. Three data planes get the same load in turn.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeAnswers } from "./answers.ts";
import type { LoadResult, RunOrder } from "./load-orders.ts";
import { CONNECTIONS } from "./measure/cpu-rounds.ts";
import { cpuMicroseconds } from "./measure/process-usage.ts";
import { renderTable } from "./report/table.ts";
import { BenchChild } from "./topology/bench-child.ts";
import { type Environment, Gateway } from "./topology/gateway.ts";
import { connectOrder, type Target } from "./topology/target.ts";
import { type Workload, workloadNamed } from "./workloads.ts";

const WORKLOADS = [
  "messages non-stream 1KB",
  "messages stream 1KB",
  "chat stream 1KB",
  "responses stream 1KB",
];
const ROUND_MS = 400;
/** Longer than a span waits for others, so that its sending falls into the round it was made in. */
const SETTLE_MS = 150;
const WARM_UP_MS = 1_500;

/** One way to run a data plane, and its CPU microseconds per request: of each workload the cheapest round. */
interface Contestant {
  readonly name: string;
  readonly target: Target;
  readonly cost: Map<string, number>;
}

async function main(rounds = 8): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "aibridge-bench-traces-"));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(directory, { recursive: true }));
  const answers = join(directory, "answers.json");
  await writeAnswers(answers);
  const provider = cleanUp.use(await BenchChild.start("provider.ts", [answers]));
  const load = cleanUp.use(await BenchChild.start("load.ts", [answers]));
  const collector = cleanUp.use(await startCollector());
  // biome-ignore lint/style/noProcessEnv: the entry point hands the environment on to the processes it starts
  const gateway = cleanUp.use(await Gateway.start(directory, provider.port, withoutTraces(process.env)));
  const on = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "100" };
  const ways: Readonly<Record<string, Environment>> = {
    off: {},
    sampled: { ...on, OTEL_TRACES_SAMPLER: "always_on" },
    unsampled: { ...on, OTEL_TRACES_SAMPLER: "always_off" },
  };
  const contestants: Contestant[] = [];
  for (const [name, env] of Object.entries(ways))
    contestants.push({
      name,
      target: cleanUp.use(await gateway.startDataPlane(name, env)),
      cost: new Map(),
    });
  for (const workload of WORKLOADS.map(workloadNamed)) await compare(load, contestants, workload, rounds);
  if (collector.batches() === 0) throw new Error("no span was sent: nothing was measured");
  process.stdout.write(render(contestants));
}

/** Takes everything and looks at nothing. */
async function startCollector() {
  let batches = 0;
  const server = createServer((request, response) => {
    batches++;
    request.resume().once("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    batches: () => batches,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function compare(
  load: BenchChild,
  contestants: readonly Contestant[],
  workload: Workload,
  rounds: number,
): Promise<void> {
  for (const { target } of contestants) await costOfRound(load, target, workload, WARM_UP_MS);
  for (let round = 0; round < rounds; round++)
    for (const { target, cost } of contestants) {
      const micros = await costOfRound(load, target, workload, ROUND_MS);
      cost.set(workload.name, Math.min(cost.get(workload.name) ?? Number.POSITIVE_INFINITY, micros));
    }
}

async function costOfRound(
  load: BenchChild,
  target: Target,
  workload: Workload,
  durationMs: number,
): Promise<number> {
  await load.ask(connectOrder(target, workload, CONNECTIONS));
  const before = await cpuMicroseconds(target.pid);
  const { requests } = await load.ask<LoadResult>({ kind: "run", durationMs } satisfies RunOrder);
  await delay(SETTLE_MS);
  return ((await cpuMicroseconds(target.pid)) - before) / requests;
}

function render(contestants: readonly Contestant[]): string {
  const columns = [
    { title: "CPU us per request, traces", align: "left" } as const,
    ...contestants.map(({ name }) => ({ title: name, align: "right" }) as const),
  ];
  const rows = WORKLOADS.map((name) => [
    name,
    ...contestants.map(({ cost }) => (cost.get(name) ?? Number.NaN).toFixed(0)),
  ]);
  return renderTable(columns, rows);
}

/** The environment without settings of OpenTelemetry: the bench measures what it sets itself. */
function withoutTraces(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("OTEL_")));
}

await main(process.argv[2] === undefined ? undefined : Number(process.argv[2]));
