import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USAGE, writeAnswers } from "./answers.ts";
import type { BenchArguments } from "./arguments.ts";
import { type CpuComparison, compareCpu, type RoundPlan, warmUp } from "./measure/cpu-rounds.ts";
import { compareMemory, type MemoryComparison, type MemoryPlan } from "./measure/open-streams.ts";
import { everythingRecorded, type RecordCheck, type Report } from "./report/report.ts";
import { BenchChild } from "./topology/bench-child.ts";
import { type Environment, Gateway } from "./topology/gateway.ts";
import { startBaseLine } from "./topology/target.ts";
import { cpuWorkloads, memoryWorkloads } from "./workloads.ts";

const QUICK: { cpu: RoundPlan; memory: MemoryPlan } = {
  cpu: { rounds: 5, roundMs: 200, warmUpMs: 5000 },
  memory: { streams: 500, repeats: 2 },
};
const FULL: { cpu: RoundPlan; memory: MemoryPlan } = {
  cpu: { rounds: 10, roundMs: 1500, warmUpMs: 20_000 },
  memory: { streams: 2000, repeats: 3 },
};

/** Told in one line what is being done. */
export type Progress = (line: string) => void;

/** The processes that live as long as the bench does. */
interface Stage {
  readonly load: BenchChild;
  readonly provider: BenchChild;
  readonly gateway: Gateway;
}

/**
 * Starts every process, measures the workloads that were asked for, checks the records and stops everything. Rejects
 * if an answer was not the provider's to the byte; the folder with the gateway's log and database is then left behind, as
 * it is if the records are not what they should be.
 */
export async function runBench(
  options: BenchArguments,
  env: Environment,
  progress: Progress,
): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), "aibridge-bench-"));
  try {
    const report = await runBenchIn(directory, options, env, progress);
    if (!everythingRecorded(report.records)) return { ...report, kept: directory };
    await rm(directory, { recursive: true });
    return report;
  } catch (error) {
    throw new Error(`${(error as Error).message} (logs: ${directory})`, { cause: error });
  }
}

async function runBenchIn(
  directory: string,
  options: BenchArguments,
  env: Environment,
  progress: Progress,
): Promise<Report> {
  const started = performance.now();
  await using cleanUp = new AsyncDisposableStack();
  const stage = await startStage(cleanUp, directory, env);
  const requests = new RequestCount();
  const plan = options.quick ? QUICK : FULL;
  const cpu = await measureCpu(stage, options, plan.cpu, requests, progress);
  const memory = await measureMemory(stage, options, plan.memory, requests, progress);
  const records = await requests.compareWith(stage.gateway);
  const seconds = (performance.now() - started) / 1000;
  return { quick: options.quick, node: process.versions.node, cpu, memory, records, seconds };
}

async function startStage(
  cleanUp: AsyncDisposableStack,
  directory: string,
  env: Environment,
): Promise<Stage> {
  const answersFile = join(directory, "answers.json");
  await writeAnswers(answersFile);
  const provider = cleanUp.use(await BenchChild.start("provider.ts", [answersFile]));
  const load = cleanUp.use(await BenchChild.start("load.ts", [answersFile]));
  const gateway = cleanUp.use(await Gateway.start(directory, provider.port, env));
  return { load, provider, gateway };
}

async function measureCpu(
  { load, provider, gateway }: Stage,
  options: BenchArguments,
  plan: RoundPlan,
  requests: RequestCount,
  progress: Progress,
): Promise<CpuComparison[]> {
  const workloads = cpuWorkloads.filter(({ name }) => options.only.test(name));
  if (workloads.length === 0) return [];
  await using baseLine = await startBaseLine(provider.port);
  await using dataPlane = await gateway.startDataPlane("dataplane", profiling(options.profile));
  const contest = { load, baseLine, gateway: dataPlane, onGatewayRequests: requests.add };
  progress("warming up");
  await warmUp(contest, workloads, plan);
  const comparisons: CpuComparison[] = [];
  for (const workload of workloads) {
    progress(workload.name);
    comparisons.push(await compareCpu(contest, workload, plan));
  }
  return comparisons;
}

async function measureMemory(
  { load, provider, gateway }: Stage,
  options: BenchArguments,
  plan: MemoryPlan,
  requests: RequestCount,
  progress: Progress,
): Promise<MemoryComparison[]> {
  let dataPlanes = 0;
  const contest = {
    load,
    provider,
    startBaseLine: () => startBaseLine(provider.port),
    startGateway: () => gateway.startDataPlane(`dataplane-memory-${dataPlanes++}`),
    onGatewayRequests: requests.add,
  };
  const comparisons: MemoryComparison[] = [];
  for (const workload of memoryWorkloads.filter(({ name }) => options.only.test(name))) {
    progress(workload.name);
    comparisons.push(await compareMemory(contest, workload, plan));
  }
  return comparisons;
}

/** Environment of a Node process that writes a CPU profile to the folder when it ends. */
function profiling(folder: string | undefined): Environment {
  return folder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

/** Counts what went through gateways, to be found again in the store. */
class RequestCount {
  #requests = 0;

  readonly add = (requests: number): void => {
    this.#requests += requests;
  };

  async compareWith(gateway: Gateway): Promise<RecordCheck> {
    const expected = {
      interceptions: this.#requests,
      inputTokens: this.#requests * USAGE.input,
      outputTokens: this.#requests * USAGE.output,
    };
    return { expected, recorded: await gateway.recorded(expected) };
  }
}
