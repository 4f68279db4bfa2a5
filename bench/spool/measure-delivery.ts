import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RecorderService } from "@aibridge/proto";
import { channelInterceptor } from "@aibridge/proto/channel";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { pino } from "pino";
import { type Durability, DurableRecorder } from "../../dataplane/src/record/durable-recorder.ts";
import { createMetrics } from "../../dataplane/src/telemetry/metrics.ts";
import { BareRecorder } from "../../test/support/bare-recorder/bare-recorder.ts";
import { minimum } from "../measure/statistics.ts";
import { type FiveRecords, fiveRecords } from "./five-records.ts";

const recordsOfInterception = 5;
const spoolBytes = 4 * 1024 * 1024 * 1024;

/** A recorder as a data plane has it, with a spool of its own, delivering to a recorder that keeps nothing. */
function openRecorder(url: string, durability: Durability) {
  const folder = fs.mkdtempSync(join(tmpdir(), "aibridge-bench-"));
  const transport = createGrpcTransport({ baseUrl: url, interceptors: [channelInterceptor("k".repeat(40))] });
  const recorder = new DurableRecorder({
    recorder: createClient(RecorderService, transport),
    log: pino({ level: "silent" }),
    metrics: createMetrics({ process: false }),
    pass: () => false,
    spool: { root: folder, maxBytes: () => spoolBytes, durability: () => durability },
  });
  const close = async () => {
    await recorder.close(10_000);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  return { recorder, close };
}

async function record(recorder: DurableRecorder, { start, answer, end }: FiveRecords): Promise<void> {
  await recorder.begin(start.value);
  for (const body of answer) recorder.append(body);
  await recorder.settled();
  recorder.append(end);
}

/**
 * CPU time that recording costs a data plane, delivery included, in microseconds for an interception of five records:
 * so many in one turn of the event loop, a turn each millisecond. The same turns with the records merely made are taken off.
 */
export async function recordingCost(
  durability: Durability,
  { perTurn, turns, rounds }: { perTurn: number; turns: number; rounds: number },
): Promise<number> {
  await using bare = await BareRecorder.start();
  const { recorder, close } = openRecorder(bare.url, durability);
  const costs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const requests = () => Array.from({ length: perTurn }, fiveRecords);
    const idle = await cpuOf(() => takeTurns(turns, async () => void requests()));
    const busy = await cpuOf(() =>
      takeTurns(turns, () => Promise.all(requests().map((one) => record(recorder, one)))),
    );
    // The first round warms up.
    if (round > 0) costs.push((busy - idle) / (perTurn * turns));
  }
  await close();
  return minimum(costs);
}

async function takeTurns(turns: number, run: () => Promise<unknown>): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await run();
    await delay(1);
  }
}

async function cpuOf(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

export interface DrainFigures {
  readonly records: number;
  readonly recordsPerSecond: number;
  /** How much memory the process needed more at the end of the backlog than at its beginning, in bytes. */
  readonly grownBytes: number;
}

/** How fast a backlog is delivered that came together while the recorder was away. */
export async function drainRate(interceptions: number): Promise<DrainFigures> {
  await using bare = await BareRecorder.start();
  await bare.goAway();
  const { recorder, close } = openRecorder(bare.url, "process");
  const rssBefore = process.memoryUsage.rss();
  for (let i = 0; i < interceptions; i++) {
    await record(recorder, fiveRecords());
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const grownBytes = process.memoryUsage.rss() - rssBefore;
  await bare.comeBack();
  const records = interceptions * recordsOfInterception;
  let startedAt = performance.now();
  const left = () => recorder.backlog;
  while (left() === records) {
    startedAt = performance.now();
    await delay(5);
  }
  while (left() > 0) await delay(5);
  const seconds = (performance.now() - startedAt) / 1000;
  await close();
  return { records, recordsPerSecond: records / seconds, grownBytes };
}
