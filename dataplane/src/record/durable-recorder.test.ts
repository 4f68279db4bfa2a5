import {
  type Interception,
  InterceptionEndedSchema,
  InterceptionSchema,
  RecorderService,
  type StreamRecordsRequest,
  type StreamRecordsResponse,
  StreamRecordsResponseSchema,
} from "@aibridge/proto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { createMetrics } from "../telemetry/metrics.ts";
import { DurableRecorder, type DurableRecorderOptions } from "./durable-recorder.ts";
import { RecordingRefused } from "./recorder.ts";

type Answer = MessageInitShape<typeof StreamRecordsResponseSchema>;
type StreamRecords = (requests: AsyncIterable<StreamRecordsRequest>) => AsyncIterable<Answer>;

const open: DurableRecorder[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((recorder) => recorder.close(0)));
});

/** A recorder client over a service in process, which keeps what it receives in `received`. */
function setUp(
  service: { streamRecords?: StreamRecords; unary?: (id: string) => void },
  options: Partial<DurableRecorderOptions> = {},
) {
  const received: string[] = [];
  const unary = (kind: string, id: string | undefined) => {
    service.unary?.(`${kind} ${id}`);
    received.push(`${kind} ${id}`);
    return {};
  };
  const transport = createRouterTransport(({ service: add }) => {
    add(RecorderService, {
      async *streamRecords(requests): AsyncGenerator<StreamRecordsResponse> {
        if (service.streamRecords === undefined) throw new ConnectError("no", Code.Unimplemented);
        for await (const answer of service.streamRecords(watch(requests, received)))
          yield create(StreamRecordsResponseSchema, answer);
      },
      recordInterception: ({ interception }) => unary("interception", interception?.id),
      recordInterceptionEnded: ({ interceptionEnded }) => unary("interceptionEnded", interceptionEnded?.id),
      recordTokenUsage: ({ tokenUsage }) => unary("tokenUsage", tokenUsage?.id),
      recordPromptUsage: ({ promptUsage }) => unary("promptUsage", promptUsage?.id),
      recordToolUsage: ({ toolUsage }) => unary("toolUsage", toolUsage?.id),
      recordModelThought: ({ modelThought }) => unary("modelThought", modelThought?.id),
    });
  });
  const metrics = createMetrics({ process: false });
  const recorder = new DurableRecorder({
    recorder: createClient(RecorderService, transport),
    log: pino({ level: "silent" }),
    metrics,
    pass: () => false,
    ...options,
  });
  open.push(recorder);
  const count = async (name: string) => {
    const { values } = (await metrics.registry.getSingleMetric(`aibridge_${name}`)?.get()) ?? { values: [] };
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return { recorder, received, count };
}

async function* watch(requests: AsyncIterable<StreamRecordsRequest>, received: string[]) {
  for await (const request of requests) {
    for (const { record } of request.records) received.push(`${record.case} ${record.value?.id}`);
    yield request;
  }
}

async function* acknowledgeAll(requests: AsyncIterable<StreamRecordsRequest>): AsyncGenerator<Answer> {
  for await (const { records } of requests) {
    const last = records.at(-1);
    if (last !== undefined) yield { acknowledgedSequence: last.sequence };
  }
}

const start = (id: string): Interception => create(InterceptionSchema, { id });
const end = (id: string) =>
  ({ case: "interceptionEnded", value: create(InterceptionEndedSchema, { id }) }) as const;

test("a start is acknowledged before begin resolves, and later records follow in order", async () => {
  const { recorder, received, count } = setUp({ streamRecords: acknowledgeAll });
  await recorder.begin(start("a"));
  expect(received).toEqual(["interception a"]);
  for (const id of ["1", "2", "3"]) recorder.append(end(id));
  await recorder.settled();
  expect(received).toEqual([
    "interception a",
    "interceptionEnded 1",
    "interceptionEnded 2",
    "interceptionEnded 3",
  ]);
  expect(recorder.settled()).toBeUndefined();
  expect(await count("records_acknowledged_total")).toBe(4);
});

test("after a break everything unacknowledged is sent again, from sequence 1", async () => {
  const firstSequences: bigint[] = [];
  let streams = 0;
  const { recorder, received } = setUp({
    streamRecords: async function* (requests) {
      streams++;
      for await (const { records } of requests) {
        if (records.length === 0) continue;
        if (firstSequences.length < streams) firstSequences.push(records[0]?.sequence ?? 0n);
        if (streams === 1) throw new ConnectError("gone", Code.Unavailable);
        yield { acknowledgedSequence: records.at(-1)?.sequence ?? 0n };
      }
    },
  });
  await recorder.begin(start("a"));
  expect(received).toEqual(["interception a", "interception a"]);
  expect(firstSequences).toEqual([1n, 1n]);
});

test("a rejected record is counted and blocks nothing", async () => {
  const { recorder, count } = setUp({
    streamRecords: async function* (requests) {
      for await (const { records } of requests)
        for (const { sequence, record } of records) {
          const rejected =
            record.value?.id === "bad"
              ? [{ sequence, recordId: "bad", code: Code.InvalidArgument, message: "bad" }]
              : [];
          yield { acknowledgedSequence: sequence, rejected };
        }
    },
  });
  await recorder.begin(start("a"));
  recorder.append(end("bad"));
  recorder.append(end("good"));
  await recorder.settled();
  expect(recorder.settled()).toBeUndefined();
  expect(await count("records_rejected_total")).toBe(1);
  expect(await count("spool_records")).toBe(0);
});

test("a recorder without StreamRecords gets the unary methods", async () => {
  const { recorder, received } = setUp({});
  await recorder.begin(start("a"));
  recorder.append(end("b"));
  await recorder.settled();
  expect(received).toEqual(["interception a", "interceptionEnded b"]);
});

test("a unary call that fails is made again, a rejected one is not", async () => {
  const failures = [Code.Internal, Code.InvalidArgument];
  const { recorder, received, count } = setUp({
    unary: () => {
      const code = failures.shift();
      if (code !== undefined) throw new ConnectError("no", code);
    },
  });
  await expect(recorder.begin(start("a"))).rejects.toMatchObject({ mayBeStored: false });
  await recorder.begin(start("b"));
  expect(received).toEqual(["interception b"]);
  expect(await count("records_rejected_total")).toBe(1);
});

test("while the recorder is away starts are refused, without waiting once that is known", async () => {
  const { recorder, count } = setUp({}, { connected: async () => false, beginTimeoutMs: 60_000 });
  await expect(recorder.begin(start("a"))).rejects.toThrow(RecordingRefused);
  expect(await count("records_refused_total")).toBe(1);
});

test("a start that may have arrived says so when it is refused", async () => {
  const silent: StreamRecords = async function* (requests) {
    for await (const _ of requests) yield* [];
  };
  const { recorder } = setUp({ streamRecords: silent }, { beginTimeoutMs: 20 });
  await expect(recorder.begin(start("a"))).rejects.toMatchObject({
    mayBeStored: true,
    code: "recorder_unavailable",
  });
});

test("on_failure: pass lets starts through and keeps them for later", async () => {
  let away = true;
  const { recorder, received } = setUp(
    { streamRecords: acknowledgeAll },
    { connected: async () => !away, pass: () => true, beginTimeoutMs: 20 },
  );
  await recorder.begin(start("a"));
  expect(received).toEqual([]);
  away = false;
  await vi.waitFor(() => expect(received).toEqual(["interception a"]), 5_000);
});

test("what does not fit into memory is counted as lost", async () => {
  const { recorder, count } = setUp({}, { connected: async () => false, maxPendingBytes: 1_100 });
  recorder.append(end("a"));
  recorder.append(end("b"));
  recorder.append(end("c"));
  expect(await count("records_lost_total")).toBe(1);
  expect(await count("spool_records")).toBe(2);
});

test("close delivers what is left and says what it could not", async () => {
  const { recorder, received } = setUp({ streamRecords: acknowledgeAll });
  recorder.append(end("a"));
  expect(await recorder.close(5_000)).toBe(0);
  expect(received).toEqual(["interceptionEnded a"]);
  const away = setUp({}, { connected: async () => false });
  away.recorder.append(end("b"));
  expect(await away.recorder.close(20)).toBe(1);
});
