import fs from "node:fs";
import { type Interception, InterceptionEndedSchema, InterceptionSchema } from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { createMetrics } from "../telemetry/metrics.ts";
import { type Durability, DurableRecorder, type DurableRecorderOptions } from "./durable-recorder.ts";
import { segments, useFolder } from "./test-support/spool-under-test.ts";

afterEach(() => vi.restoreAllMocks());

interface Setting {
  readonly durability?: Durability;
  readonly pass?: boolean;
  readonly maxBytes?: number;
  readonly root?: string;
}

/** A recorder with a spool; `away` makes the other side fail, `rejected` is refused by it, `received` has the ids it took. */
function setUp({
  durability = "process",
  pass = false,
  maxBytes = 2 ** 26,
  root = useFolder(),
}: Setting = {}) {
  const metrics = createMetrics({ process: false });
  const state = { away: false, rejected: "", received: [] as string[] };
  const logged: object[] = [];
  const deliver: DurableRecorderOptions["recorder"] = async ({ value }) => {
    if (state.away) throw new ConnectError("away", Code.Unavailable);
    if (value.id === state.rejected) throw new ConnectError("no", Code.InvalidArgument);
    state.received.push(value.id);
  };
  const recorder = new DurableRecorder({
    recorder: deliver,
    log: pino({ level: "warn" }, { write: (line) => void logged.push(JSON.parse(line)) }),
    metrics,
    pass: () => pass,
    spool: { root, maxBytes: () => maxBytes, durability: () => durability },
    beginTimeoutMs: 300,
  });
  onTestFinished(() => recorder.close(0).then(() => undefined));
  const count = async (name: string) => {
    const { values } = (await metrics.registry.getSingleMetric(`aibridge_${name}`)?.get()) ?? { values: [] };
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  return { recorder, state, root, count, logged };
}

const start = (id: string): Interception => create(InterceptionSchema, { id });
const end = (interceptionId: string) =>
  ({
    case: "interceptionEnded",
    value: create(InterceptionEndedSchema, { id: uuidv7(), interceptionId }),
  }) as const;

test("process: a start is in the file when begin resolves, and the recorder need not be there", async () => {
  const { recorder, state, root, count } = setUp();
  state.away = true;
  const id = uuidv7();
  await recorder.begin(start(id));
  const [path] = segments(root) as [string];
  expect(fs.readFileSync(path).includes(id)).toBe(true);
  const ending = end(id);
  recorder.append(ending);
  expect(recorder.settled()).toBeUndefined();
  expect(fs.readFileSync(path).includes(ending.value.id)).toBe(true);
  expect(recorder.unavailable()).toBeUndefined();
  state.away = false;
  await vi.waitFor(() => expect(state.received).toEqual([id, ending.value.id]), 5_000);
  await vi.waitFor(async () => expect(await count("spool_records")).toBe(0));
});

test("disk: a start and an answer's records are synced before they count", async () => {
  const { recorder, state } = setUp({ durability: "disk" });
  state.away = true;
  const syncs: (() => void)[] = [];
  const { fdatasync } = fs;
  vi.spyOn(fs, "fdatasync").mockImplementation((file, done) => void syncs.push(() => fdatasync(file, done)));
  const settled: string[] = [];
  const id = uuidv7();
  const began = recorder.begin(start(id)).then(() => settled.push("begin"));
  await vi.waitFor(() => expect(syncs).toHaveLength(1));
  expect(settled).toEqual([]);
  syncs.shift()?.();
  await began;
  recorder.append(end(id));
  const answer = recorder.settled()?.then(() => settled.push("settled"));
  await vi.waitFor(() => expect(syncs).toHaveLength(1));
  expect(settled).toEqual(["begin"]);
  syncs.shift()?.();
  await answer;
  expect(settled).toEqual(["begin", "settled"]);
});

test("disk: a start whose sync fails is refused, and may be stored all the same", async () => {
  const { recorder } = setUp({ durability: "disk" });
  vi.spyOn(fs, "fdatasync").mockImplementation((_, done) =>
    done(Object.assign(new Error(), { code: "EIO" })),
  );
  await expect(recorder.begin(start(uuidv7()))).rejects.toMatchObject({
    code: "spool_unavailable",
    status: 503,
    mayBeStored: true,
  });
  expect(recorder.unavailable()).toContain("EIO");
});

test("recorder: a start waits for its acknowledgement, and is refused without one", async () => {
  const { recorder, state, count } = setUp({ durability: "recorder" });
  const [stored, unsure] = [uuidv7(), uuidv7()];
  await recorder.begin(start(stored));
  expect(state.received).toEqual([stored]);
  state.away = true;
  await expect(recorder.begin(start(unsure))).rejects.toMatchObject({
    code: "recorder_unavailable",
    mayBeStored: true,
  });
  expect(await count("records_refused_total")).toBe(1);
});

test("recorder: a start that the recorder rejects is refused, and leaves nothing open in the spool", async () => {
  const { recorder, state, root } = setUp({ durability: "recorder" });
  const id = uuidv7();
  state.rejected = id;
  await expect(recorder.begin(start(id))).rejects.toMatchObject({ mayBeStored: true });
  recorder.append(end(id));
  expect(await recorder.close(5_000)).toBe(0);
  expect(fs.readdirSync(root)).toEqual(["dead-letters.jsonl"]);
});

test("a spool without room refuses starts with a code of its own", async () => {
  const { recorder, count } = setUp({ maxBytes: 1000 });
  await expect(recorder.begin(start(uuidv7()))).rejects.toMatchObject({
    ...{ code: "spool_full", status: 503, retryAfter: 10, mayBeStored: false },
  });
  expect(recorder.unavailable()).toMatch(/spool_max_bytes/);
  expect(await count("records_refused_total")).toBe(1);
});

test("on_failure: pass lets them through, counts each record, and leaves no end without its start", async () => {
  const setting = { maxBytes: 1000 };
  const { recorder, count, state } = setUp({ ...setting, pass: true });
  const id = uuidv7();
  await recorder.begin(start(id));
  recorder.append(end(id));
  expect(await count("records_lost_total")).toBe(2);
  expect([await count("spool_records"), state.received]).toEqual([0, []]);
});

test("a start that cannot be encoded is refused, and nothing of it is kept", async () => {
  const { recorder, count } = setUp();
  const metadata = { text: "x".repeat(3 * 2 ** 20) };
  const interception = create(InterceptionSchema, { id: uuidv7(), metadata });
  await expect(recorder.begin(interception)).rejects.toMatchObject({
    ...{ code: "internal_error", status: 500, mayBeStored: false },
  });
  expect(await count("spool_records")).toBe(0);
});

test("what is not delivered when it is closed stays, and is delivered by the next one", async () => {
  const first = setUp();
  first.state.away = true;
  const id = uuidv7();
  await first.recorder.begin(start(id));
  first.recorder.append(end(id));
  expect(await first.recorder.close(10)).toBe(2);
  // They may lie in several folders below it.
  expect(first.logged.at(-1)).toMatchObject({ records: 2, folder: first.root });
  const second = setUp({ root: first.root });
  await vi.waitFor(() => expect(second.state.received).toHaveLength(2), 5_000);
  await vi.waitFor(() => expect(fs.readdirSync(first.root)).toHaveLength(1));
  expect(await second.recorder.close(1_000)).toBe(0);
  expect(fs.readdirSync(first.root)).toEqual([]);
});
