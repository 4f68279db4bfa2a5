import { InterceptionSchema, RecorderService, type StreamRecordsRequest } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MemoryQueue } from "./memory-queue.ts";
import { encodedRecord } from "./record-store.ts";
import { StreamLink } from "./stream-link.ts";

const minute = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A link that runs to a recorder which acknowledges as long as `answers` is true. */
function runLink() {
  const state = { answers: true, received: 0 };
  const transport = createRouterTransport(({ rpc }) => {
    rpc(
      RecorderService.method.streamRecords,
      async function* (requests: AsyncIterable<StreamRecordsRequest>) {
        for await (const { records } of requests) {
          state.received += records.length;
          if (state.answers) yield { acknowledgedSequence: records.at(-1)?.sequence ?? 0n };
        }
      },
    );
  });
  const queue = new MemoryQueue(2 ** 20);
  const ignored = { up: () => undefined, acknowledged: () => undefined, rejected: () => undefined };
  const link = new StreamLink(createClient(RecorderService, transport), queue, ignored);
  const closing = new AbortController();
  const ended = link.run(closing.signal).then(
    () => "closed",
    (error: { code: Code }) => Code[error.code],
  );
  const send = async (id: string) => {
    const before = state.received;
    queue.append(encodedRecord({ case: "interception", value: create(InterceptionSchema, { id }) }));
    link.wake(true);
    await vi.waitFor(() => expect(state.received).toBe(before + 1));
  };
  return { state, queue, ended, send, close: () => closing.abort() };
}

test("a stream on which nothing is acknowledged for a minute ends, and keeps its records", async () => {
  const { state, queue, ended, send } = runLink();
  await send("a");
  await vi.waitFor(() => expect(queue.size).toBe(0));
  state.answers = false;
  await vi.advanceTimersByTimeAsync(minute - 1_000);
  await send("b");
  // The minute begins with what waits, not with the last answer.
  await vi.advanceTimersByTimeAsync(minute - 1_000);
  expect(await Promise.race([ended, "runs on"])).toBe("runs on");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await ended).toBe("DeadlineExceeded");
  expect(queue.size).toBe(1);
});

test("a stream that has nothing to deliver is left alone", async () => {
  const { queue, ended, send, close } = runLink();
  await send("a");
  await vi.waitFor(() => expect(queue.size).toBe(0));
  await vi.advanceTimersByTimeAsync(10 * minute);
  await send("b");
  await vi.waitFor(() => expect(queue.size).toBe(0));
  close();
  expect(await Promise.race([ended, "runs on"])).not.toBe("DeadlineExceeded");
});
