import { setTimeout as delay } from "node:timers/promises";
import type { LoadResult, RunOrder } from "../load-orders.ts";
import type { BenchChild } from "../topology/bench-child.ts";
import { connectOrder, type Target } from "../topology/target.ts";
import type { Workload } from "../workloads.ts";
import { cpuMicroseconds } from "./process-usage.ts";
import { median, minimum } from "./statistics.ts";

/** How long and how often a workload is run. */
export interface RoundPlan {
  /** Rounds for each of the two processes. */
  readonly rounds: number;
  readonly roundMs: number;
  /** Load on each process before the first round of all that is not counted, so that the code is compiled. */
  readonly warmUpMs: number;
}

/** What a workload cost in one of the processes. */
export interface CpuCost {
  /** CPU microseconds per request of the process: the smallest of the rounds. */
  readonly cpuMicros: number;
  /** Every round's, in order. */
  readonly roundsCpuMicros: readonly number[];
  /** Latencies and rate: the middle of the rounds. */
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly requestsPerSecond: number;
}

/** A workload through both processes. */
export interface CpuComparison {
  readonly workload: Workload;
  readonly baseLine: CpuCost;
  readonly gateway: CpuCost;
}

/** The processes that take part in a measurement. */
export interface Contest {
  readonly load: BenchChild;
  readonly baseLine: Target;
  readonly gateway: Target;
  /** Told how many requests went through a gateway. */
  readonly onGatewayRequests: (requests: number) => void;
}

interface Round extends LoadResult {
  readonly cpuMicros: number;
}

/** Enough that a gateway which waits for its recorder is not idle meanwhile, and sends its records in batches. */
export const CONNECTIONS = 64;
/** Paced streams last long: more of them would fill the processor, and a full processor bundles what was paced. */
export const PACED_CONNECTIONS = 8;
/** Time in which a process may finish what a round left it to do, its last records above all. */
const SETTLE_MS = 50;

/** Runs every workload through both processes without measuring. */
export async function warmUp(
  contest: Contest,
  workloads: readonly Workload[],
  plan: RoundPlan,
): Promise<void> {
  for (const workload of workloads) {
    for (const target of [contest.baseLine, contest.gateway]) {
      await runRound(contest, target, workload, plan.warmUpMs / workloads.length);
    }
  }
}

/** Runs a workload through both processes in turn, so that whatever else the machine does hits both alike. */
export async function compareCpu(
  contest: Contest,
  workload: Workload,
  plan: RoundPlan,
): Promise<CpuComparison> {
  const ofBaseLine: Round[] = [];
  const ofGateway: Round[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    ofBaseLine.push(await runRound(contest, contest.baseLine, workload, plan.roundMs));
    ofGateway.push(await runRound(contest, contest.gateway, workload, plan.roundMs));
  }
  return { workload, baseLine: costOf(ofBaseLine), gateway: costOf(ofGateway) };
}

async function runRound(
  contest: Contest,
  target: Target,
  workload: Workload,
  durationMs: number,
): Promise<Round> {
  const connections = workload.delivery === "paced" ? PACED_CONNECTIONS : CONNECTIONS;
  await contest.load.ask(connectOrder(target, workload, connections));
  const before = await cpuMicroseconds(target.pid);
  const result = await contest.load.ask<LoadResult>({ kind: "run", durationMs } satisfies RunOrder);
  await delay(SETTLE_MS);
  const used = (await cpuMicroseconds(target.pid)) - before;
  if (target === contest.gateway) contest.onGatewayRequests(result.requests);
  return { ...result, cpuMicros: used / result.requests };
}

function costOf(rounds: readonly Round[]): CpuCost {
  const roundsCpuMicros = rounds.map((round) => round.cpuMicros);
  return {
    cpuMicros: minimum(roundsCpuMicros),
    roundsCpuMicros,
    p50Micros: median(rounds.map((round) => round.p50Micros)),
    p99Micros: median(rounds.map((round) => round.p99Micros)),
    requestsPerSecond: median(rounds.map((round) => (round.requests / round.elapsedMs) * 1000)),
  };
}
