/**
 * Lets the recorder be away under steady traffic, and measures what that does: failed requests, memory, the backlog, how
 * fast it drains under the traffic and without it, and what the draining does to the traffic.
 *
 *     node test/faults/recorder-away.ts [--recorder bare|controlplane] [--away 600] [--rate 200]
 *
 * `--recorder bare` delivers to a recorder that costs next to nothing, so that the rate is the data plane's own; with
 * `controlplane` the whole control plane goes away, and what comes back stores on SQLite. `--away` is in seconds. It
 * fails if a request failed, memory grew with the backlog, or a rate is too low.
 */
import { setTimeout as delay } from "node:timers/promises";
import { text, toolCall } from "@aibridge/sdk/testing";
import { residentBytes } from "../../bench/measure/process-usage.ts";
import { BareRecorder } from "../support/bare-recorder/bare-recorder.ts";
import { commandOptions, oneOf } from "../support/command-options.ts";
import { eventually } from "../support/eventually.ts";
import { metricSum, untilDelivered } from "../support/gateway-metrics.ts";
import { type Drain, measureDrain } from "../support/measure-drain.ts";
import { PacedLoad, type PacedRequest, p99 } from "../support/paced-load.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Records a second that must be delivered after the recorder's return. */
const DRAIN_ALONE = 20_000;
const DRAIN_UNDER_LOAD = 5_000;
/** What the draining may add to the 99th percentile of the traffic: the larger of a share and milliseconds. */
const P99_SHARE = 0.2;
const P99_MS = 3;
/** Growth of memory that is allowed while the recorder is away: the backlog must be no part of it. */
const GROWTH_LIMIT = 0.15;
/** Rate of requests that fill the spool for the second drain, a second. */
const FILL_RATE = 400;
/** Records that are enough for it. */
const MAX_FILL = 200_000;
const PATIENCE_MS = 300_000;

/** Something that can go away and come back, to which the data plane delivers its records. */
export interface AwayRecorder extends AsyncDisposable {
  readonly gateway: GatewayUnderTest;
  goAway(): Promise<unknown>;
  comeBack(): Promise<void>;
}

export interface AwayOptions {
  readonly awayMs: number;
  /** Traffic before the recorder goes: to warm up, and to measure what is usual. */
  readonly beforeMs: number;
  /** Requests a second. */
  readonly rate: number;
}

export interface AwayOutcome {
  readonly requests: number;
  /** Requests that were not answered whole with 200, by what came instead. */
  readonly failures: Readonly<Record<string, number>>;
  /** Resident bytes of the data plane while the recorder was away, at equal distances. */
  readonly memory: readonly number[];
  /** Records that waited when the recorder came back. */
  readonly backlog: number;
  /** 99th percentile before, while the recorder was away, and while its backlog drained, in milliseconds. */
  readonly p99: { readonly before: number; readonly away: number; readonly draining: number };
  readonly underLoad: Drain;
  readonly alone: Drain;
}

/** Goes through all of it once. */
export async function measureAway(recorder: AwayRecorder, options: AwayOptions): Promise<AwayOutcome> {
  const { gateway } = recorder;
  const load = new PacedLoad(gateway, options.rate);
  await delay(options.beforeMs);
  const before = performance.now();
  await delay(options.beforeMs);

  await recorder.goAway();
  const left = performance.now();
  const memory = await memoryDuring(gateway, options.awayMs);
  const backlog = await metricSum(gateway.adminUrl, "spool_records");
  const returned = performance.now();
  const [underLoad] = await Promise.all([measureDrain(gateway, PATIENCE_MS), recorder.comeBack()]);
  const drained = performance.now();
  await load.stop();

  const requests = [...load.requests, ...(await fill(recorder, backlog))];
  const [alone] = await Promise.all([measureDrain(gateway, PATIENCE_MS), recorder.comeBack()]);
  await untilDelivered(gateway, PATIENCE_MS);
  return {
    requests: requests.length,
    failures: countFailures(requests),
    memory,
    backlog,
    p99: {
      before: p99(load.dueBetween(before, left)),
      away: p99(load.dueBetween(left, returned)),
      draining: p99(load.dueBetween(returned, drained)),
    },
    underLoad,
    alone,
  };
}

/** Lets the recorder go, and sends requests until about as many records wait as before. */
async function fill(recorder: AwayRecorder, records: number): Promise<readonly PacedRequest[]> {
  const { gateway } = recorder;
  await untilDelivered(gateway, PATIENCE_MS);
  await recorder.goAway();
  const load = new PacedLoad(gateway, FILL_RATE);
  const enough = Math.min(records, MAX_FILL);
  await eventually(
    async () => (await metricSum(gateway.adminUrl, "spool_records")) >= enough || undefined,
    PATIENCE_MS,
  );
  await load.stop();
  return load.requests;
}

async function memoryDuring({ dataPlane }: GatewayUnderTest, ms: number): Promise<number[]> {
  const memory: number[] = [];
  const samples = Math.max(10, Math.min(60, Math.floor(ms / 1000)));
  while (memory.length < samples) {
    await delay(ms / samples);
    memory.push(await residentBytes(dataPlane.pid));
  }
  return memory;
}

function countFailures(requests: readonly PacedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { failure } of requests) if (failure !== undefined) counts[failure] = (counts[failure] ?? 0) + 1;
  return counts;
}

/** How far the highest memory of the second half of the time is above that of the first half: garbage makes saw teeth. */
export function memoryGrowth(memory: readonly number[]): number {
  const half = memory.length >> 1;
  return Math.max(...memory.slice(half)) / Math.max(...memory.slice(0, half)) - 1;
}

/** What an outcome fails by; `share` of what is asked for is enough, where a machine is shared. */
export function awayProblems(outcome: AwayOutcome, share = 1): string[] {
  const problems = Object.entries(outcome.failures).map(
    ([what, count]) => `${count} requests failed: ${what}`,
  );
  if (memoryGrowth(outcome.memory) > GROWTH_LIMIT / share) problems.push("memory grew");
  if (outcome.alone.rate < DRAIN_ALONE * share)
    problems.push("the backlog drains too slowly without traffic");
  if (outcome.underLoad.rate < DRAIN_UNDER_LOAD * share)
    problems.push("the backlog drains too slowly under traffic");
  return problems;
}

/** True if the traffic suffers from the draining. Tells something only on a machine that does nothing else. */
export function slowsTraffic({ p99: { before, draining } }: AwayOutcome): boolean {
  return draining > Math.max(before * (1 + P99_SHARE), before + P99_MS);
}

/** What may be away. */
export const recorderKinds = ["bare", "controlplane"] as const;

/** A gateway with a recorder of either kind; each answer makes five records. */
export async function useAwayRecorder(kind: (typeof recorderKinds)[number]): Promise<AwayRecorder> {
  const content = [text("I shall look into the file."), toolCall("read_file", { path: "a.txt" })];
  const options = {
    provider: { keepRequests: 100, script: () => ({ content }) },
    config: (url: string) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
limits: { per_actor_concurrency: 2000 }
`,
  };
  if (kind === "controlplane") {
    const gateway = await useGateway(options);
    return {
      gateway,
      goAway: () => gateway.controlPlane.stop("SIGKILL"),
      comeBack: () => gateway.startControlPlane(),
      [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
    };
  }
  const recorder = await BareRecorder.start();
  const gateway = await useGateway({ ...options, dataPlaneFlags: ["--recorder", recorder.url] });
  return {
    gateway,
    goAway: () => recorder.goAway(),
    comeBack: () => recorder.comeBack(),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}

if (import.meta.main) {
  const options = commandOptions({ recorder: "bare", away: 600, rate: 200 });
  await using recorder = await useAwayRecorder(oneOf("recorder", options.recorder, recorderKinds));
  const times = { awayMs: options.away * 1000, beforeMs: Math.min(20_000, options.away * 500) };
  const outcome = await measureAway(recorder, { ...times, rate: options.rate });
  const problems = awayProblems(outcome);
  if (slowsTraffic(outcome)) problems.push("draining slows the traffic");
  const mebibytes = outcome.memory.map((bytes) => (bytes / 1024 / 1024).toFixed(0));
  const drain = ({ records, seconds, rate }: Drain) =>
    `${records} records in ${seconds.toFixed(2)} s, ${rate.toFixed(0)} a second`;
  const millis = (value: number) => value.toFixed(1);
  process.stdout.write(
    `recorder ${options.recorder}, away for ${options.away} s at ${options.rate} requests/s: ` +
      `${outcome.requests} requests, failed: ${JSON.stringify(outcome.failures)}\n` +
      `backlog: ${outcome.backlog} records\n` +
      `memory of the data plane meanwhile, MiB: ${mebibytes.join(" ")} (grown by ${(memoryGrowth(outcome.memory) * 100).toFixed(1)} %)\n` +
      `drained under traffic: ${drain(outcome.underLoad)}\n` +
      `drained without traffic: ${drain(outcome.alone)}\n` +
      `p99 before ${millis(outcome.p99.before)} ms, away ${millis(outcome.p99.away)} ms, draining ${millis(outcome.p99.draining)} ms\n`,
  );
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
