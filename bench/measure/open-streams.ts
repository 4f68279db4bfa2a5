import { setTimeout as delay } from "node:timers/promises";
import type { FinishOrder, LoadResult, OpenOrder, RunOrder } from "../load-orders.ts";
import type { BenchChild } from "../topology/bench-child.ts";
import { connectOrder, type Target } from "../topology/target.ts";
import { type Workload, workloadNamed } from "../workloads.ts";
import { residentBytes } from "./process-usage.ts";
import { minimum } from "./statistics.ts";

/** How many streams, and how often. */
export interface MemoryPlan {
  readonly streams: number;
  /** Fresh processes of each kind. */
  readonly repeats: number;
}

/** Memory of open streams in both processes, in bytes a stream: the smallest of the repeats. */
export interface MemoryComparison {
  readonly workload: Workload;
  readonly streams: number;
  readonly baseLineBytes: number;
  readonly gatewayBytes: number;
}

/** Who takes part: a process that has served before has grown already, so every measurement gets a fresh one. */
export interface MemoryContest {
  readonly load: BenchChild;
  readonly provider: BenchChild;
  startBaseLine(): Promise<Target>;
  startGateway(): Promise<Target>;
  /** Told how many requests went through a gateway. */
  readonly onGatewayRequests: (requests: number) => void;
}

/** A few requests load the code; more would leave free heap behind that hides what a stream takes. */
const WARM_UP_CONNECTIONS = 2;
const WARM_UP_MS = 50;
/** Time for a process to become quiet before its memory is read. */
const SETTLE_MS = 500;

/** Opens streams through both processes in turn and compares by how much they grew. */
export async function compareMemory(
  contest: MemoryContest,
  workload: Workload,
  plan: MemoryPlan,
): Promise<MemoryComparison> {
  const baseLine: number[] = [];
  const gateway: number[] = [];
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    await using plain = await contest.startBaseLine();
    baseLine.push((await openStreams(contest, plain, workload, plan.streams)).bytesPerStream);
    await using full = await contest.startGateway();
    const opened = await openStreams(contest, full, workload, plan.streams);
    gateway.push(opened.bytesPerStream);
    contest.onGatewayRequests(opened.requests);
  }
  return {
    workload,
    streams: plan.streams,
    baseLineBytes: minimum(baseLine),
    gatewayBytes: minimum(gateway),
  };
}

async function openStreams(
  { load, provider }: MemoryContest,
  target: Target,
  workload: Workload,
  streams: number,
): Promise<{ bytesPerStream: number; requests: number }> {
  const burst = workloadNamed(`${workload.api} stream 1KB`);
  await load.ask(connectOrder(target, burst, WARM_UP_CONNECTIONS));
  const warmUp = await load.ask<LoadResult>({ kind: "run", durationMs: WARM_UP_MS } satisfies RunOrder);
  await delay(SETTLE_MS);
  const before = await residentBytes(target.pid);
  await load.ask(connectOrder(target, workload, streams));
  await load.ask({ kind: "open" } satisfies OpenOrder);
  await delay(SETTLE_MS);
  const grown = (await residentBytes(target.pid)) - before;
  await provider.ask({});
  await load.ask({ kind: "finish" } satisfies FinishOrder);
  return { bytesPerStream: grown / streams, requests: warmUp.requests + streams };
}
