import { RecorderService } from "@aibridge/proto";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type AskLastMessage, askLastMessage, LastMessages } from "./last-messages.ts";

const query = { initiatorId: "alice", providerName: "openai", messageId: "resp_1" };
const last = { messageId: "resp_3", pendingCallIds: ["call_1"] };
const nothingHidden = { messageId: "resp_1", pendingCallIds: [] };

/** Answers of a recorder, one after the other; the last one stays. */
function asking(...answers: readonly (typeof last | undefined | Code)[]) {
  const told: (Code | "unimplemented")[] = [];
  const timeouts: number[] = [];
  const ask: AskLastMessage = async (_query, timeoutMs) => {
    const answer = answers[Math.min(timeouts.push(timeoutMs), answers.length) - 1];
    if (typeof answer === "number") throw new ConnectError("no", answer);
    return answer;
  };
  const messages = new LastMessages({
    ask,
    failed: ({ code }) => told.push(code),
    unimplemented: () => told.push("unimplemented"),
  });
  return { messages, told, timeouts };
}

test("what the recorder knows is found", async () => {
  const { messages, timeouts } = asking(last);
  expect(await messages.find(query)).toEqual(last);
  expect(timeouts).toEqual([2000]);
});

test("requests that ask for the same at once share one question", async () => {
  const { messages, timeouts } = asking(last);
  const asked = [messages.find(query), messages.find({ ...query }), messages.find(query)];
  expect(await Promise.all(asked)).toEqual([last, last, last]);
  expect(timeouts).toHaveLength(1);
  await Promise.all([
    messages.find({ ...query, initiatorId: "bob" }),
    messages.find({ ...query, providerName: "x" }),
  ]);
  expect(timeouts).toHaveLength(3);
});

test("records that are still under way are waited for a little", async () => {
  const { messages, timeouts } = asking(undefined, undefined, last);
  expect(await messages.find(query)).toEqual(last);
  expect(timeouts).toHaveLength(3);
});

test("what nobody knows has nothing hidden", async () => {
  const { messages, timeouts, told } = asking(undefined);
  expect(await messages.find(query)).toEqual(nothingHidden);
  expect(timeouts).toHaveLength(6);
  expect(Math.max(...timeouts)).toBeLessThanOrEqual(2000);
  expect(told).toEqual([]);
});

test("an id that the recorder refuses to look for is no reason to rest", async () => {
  const { messages, timeouts, told } = asking(Code.InvalidArgument, last);
  expect(await messages.find(query)).toEqual(nothingHidden);
  expect(await messages.find({ ...query, messageId: "resp_2" })).toEqual(last);
  expect([timeouts.length, told]).toEqual([2, []]);
});

test("clients that name answers of nobody, many at once, make one question each", async () => {
  const { messages, timeouts } = asking(undefined);
  const ids = Array.from({ length: 1000 }, (_, index) => `resp_${index}`);
  await Promise.all(ids.map((messageId) => messages.find({ ...query, messageId })));
  expect(timeouts.length).toBeLessThanOrEqual(1000 + 64 * 5);
});

describe("a recorder that cannot be asked", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("rests after a failure, longer each time, and then is asked again", async () => {
    const { messages, timeouts, told } = asking(
      Code.Unavailable,
      Code.DeadlineExceeded,
      last,
      Code.Unavailable,
    );
    expect(await messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(499);
    expect(messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(999);
    expect(messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await messages.find(query)).toEqual(last);
    expect(await messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(500);
    expect(messages.find(query)).toBeInstanceOf(Promise);
    expect(timeouts).toHaveLength(5);
    expect(told).toEqual([Code.Unavailable, Code.DeadlineExceeded, Code.Unavailable]);
  });

  test("rests half a minute at most", async () => {
    const { messages, timeouts } = asking(Code.Unavailable);
    for (let hour = 0; hour < 200; hour += 1) {
      await messages.find(query);
      vi.advanceTimersByTime(30_000);
    }
    expect(timeouts).toHaveLength(200);
  });

  test("questions that fail together count once", async () => {
    const { messages, told } = asking(Code.Unavailable);
    const ids = ["resp_1", "resp_2", "resp_3"];
    await Promise.all(ids.map((messageId) => messages.find({ ...query, messageId })));
    expect(told).toEqual([Code.Unavailable]);
    vi.advanceTimersByTime(500);
    expect(messages.find(query)).toBeInstanceOf(Promise);
  });

  test("is left alone for five minutes if it has no such method", async () => {
    const { messages, timeouts, told } = asking(Code.Unimplemented, last);
    expect(await messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(299_999);
    expect(messages.find(query)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await messages.find(query)).toEqual(last);
    expect([timeouts.length, told]).toEqual([2, ["unimplemented"]]);
  });
});

test("over the wire NOT_FOUND is an answer, every other status a failure", async () => {
  const codes: Record<string, Code> = { resp_2: Code.NotFound, resp_4: Code.ResourceExhausted };
  const transport = createRouterTransport(({ service }) =>
    service(RecorderService, {
      findLastMessage: ({ messageId }) => {
        const code = codes[messageId];
        if (code !== undefined) throw new ConnectError("no", code);
        return last;
      },
    }),
  );
  const ask = askLastMessage(createClient(RecorderService, transport));
  expect(await ask(query, 1000)).toMatchObject(last);
  expect(await ask({ ...query, messageId: "resp_2" }, 1000)).toBeUndefined();
  await expect(ask({ ...query, messageId: "resp_4" }, 1000)).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
});
