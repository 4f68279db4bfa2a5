import { InterceptionEndedSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { recordIds } from "./decode-record.ts";
import { MemoryQueue } from "./memory-queue.ts";
import { encodedRecord } from "./record-store.ts";
import { UnaryLink } from "./unary-link.ts";

/** Runs a link over the given records, again after each break, until all are settled or it broke `breaks` times. */
async function deliverAll(ids: readonly string[], deliver: (id: string) => Promise<unknown>, breaks = 100) {
  const pending = new MemoryQueue(Number.MAX_SAFE_INTEGER);
  for (const id of ids)
    pending.append(
      encodedRecord({ case: "interceptionEnded", value: create(InterceptionEndedSchema, { id }) }),
    );
  const over = new AbortController();
  const rejected: string[] = [];
  const link = new UnaryLink(({ value }) => deliver(value.id), pending, {
    up: () => undefined,
    acknowledged: () => {
      if (pending.size === 0) over.abort();
    },
    rejected: ({ bytes }, code) => rejected.push(`${recordIds(bytes, false).id} ${Code[code]}`),
  });
  let broken = 0;
  while (!over.signal.aborted && broken < breaks) {
    await link.run(over.signal).catch(() => broken++);
  }
  return { broken, rejected, left: pending.size };
}

test("a record that fails is delivered again, those that passed are not", async () => {
  const delivered: string[] = [];
  let failures = 2;
  const result = await deliverAll(["a", "b", "c"], async (id) => {
    delivered.push(id);
    if (id === "b" && failures-- > 0) throw new ConnectError("busy", Code.Unavailable);
  });
  expect(result).toEqual({ broken: 2, rejected: [], left: 0 });
  expect(delivered).toEqual(["a", "b", "c", "b", "b"]);
});

test("what the recorder refuses or has already is not delivered again", async () => {
  const codes: Record<string, Code> = { a: Code.InvalidArgument, b: Code.OutOfRange, c: Code.AlreadyExists };
  const result = await deliverAll(["a", "b", "c", "d"], async (id) => {
    if (codes[id] !== undefined) throw new ConnectError("no", codes[id]);
  });
  expect(result).toEqual({ broken: 0, rejected: ["a InvalidArgument", "b OutOfRange"], left: 0 });
});

test.each([
  ["throws", new Error("a bug"), "Unknown"],
  ["says Internal", new ConnectError("a bug", Code.Internal), "Internal"],
])("a record at which the recorder %s ten times, while others pass, is given up", async (_, error, code) => {
  const result = await deliverAll(["a", "b", "c"], async (id) => {
    if (id === "b") throw error;
  });
  expect(result).toEqual({ broken: 9, rejected: [`b ${code}`], left: 0 });
});

test.each([
  ["while none pass", new Error("no database")],
  ["because the recorder is away", new ConnectError("away", Code.Unavailable)],
])("records are never given up %s", async (_, error) => {
  const result = await deliverAll(["a", "b"], () => Promise.reject(error), 30);
  expect(result).toEqual({ broken: 30, rejected: [], left: 2 });
});

test("no record is delivered twice at the same time", async () => {
  const slow = Promise.withResolvers<void>();
  const delivered: string[] = [];
  let failures = 1;
  const result = deliverAll(["a", "b"], async (id) => {
    delivered.push(id);
    if (id === "a" && failures-- > 0) throw new ConnectError("busy", Code.Unavailable);
    if (id === "b") await slow.promise;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(delivered).toEqual(["a", "b"]);
  slow.resolve();
  await result;
  expect(delivered).toEqual(["a", "b", "a"]);
});
