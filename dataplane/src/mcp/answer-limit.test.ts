import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerTooLong, answerLimit, eventLimit } from "./answer-limit.ts";

/** What comes through, of these chunks. */
async function passed(limit: TransformStream<Uint8Array, Uint8Array>, chunks: string[]): Promise<string> {
  const sent = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  return new Response(sent.pipeThrough(limit)).text();
}

test("an answer may be as long as the limit", async () => {
  expect(await passed(answerLimit(6), ["abc", "def"])).toBe("abcdef");
});

test("an answer that is longer fails, whatever its chunks", async () => {
  await expect(passed(answerLimit(5), ["abc", "def"])).rejects.toBeInstanceOf(AnswerTooLong);
  await expect(passed(answerLimit(5), ["abcdef"])).rejects.toBeInstanceOf(AnswerTooLong);
});

test.each([
  ["whole events", ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]],
  ["several in a chunk", ["data: 1\n\ndata: 2\n\ndata: 3\n\n"]],
  ["events cut anywhere", [..."data: 1\n\ndata: 2\n\ndata: 3\n\n"]],
  ["the other line ends", ["data: 1\r\n\r\nda", "ta: 2\r\n\r", "\n"]],
])("a stream of events may go on for ever: %s", async (_case, chunks) => {
  expect(await passed(eventLimit(11), chunks)).toBe(chunks.join(""));
});

test.each([
  ["in a chunk", ["data: 1\n\ndata: 234567\n\n"]],
  ["over several", ["data: 1\n\nda", "ta: 234", "567\n\n"]],
  ["of many lines", ["data: 1\ndata: 2\n\n"]],
])("an event that is longer fails: %s", async (_case, chunks) => {
  await expect(passed(eventLimit(11), chunks)).rejects.toBeInstanceOf(AnswerTooLong);
});

describe("a flood of events", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  const small = ":\n\n".repeat(1_000);

  /** So many chunks of a thousand small events, with a pause before each. */
  async function* flood(chunks: number, pauseMs: number) {
    for (let sent = 0; sent < chunks; sent++) {
      vi.advanceTimersByTime(pauseMs);
      yield new TextEncoder().encode(small);
    }
  }

  const through = (chunks: AsyncIterable<Uint8Array>) =>
    new Response(ReadableStream.from(chunks).pipeThrough(eventLimit(1_000_000))).text();

  test("fails once it is more than a burst", async () => {
    await expect(through(flood(10, 0))).resolves.toHaveLength(30_000);
    await expect(through(flood(20, 0))).rejects.toThrow("it sends more events than can be read");
  });

  test("that comes slowly may go on", async () => {
    await expect(through(flood(100, 1_000))).resolves.toHaveLength(300_000);
  });

  test("of large events counts by its bytes", async () => {
    const large = `data: ${"x".repeat(900_000)}\n\n`;
    const chunks = (count: number) => Array.from({ length: count }, () => large);
    await expect(passed(eventLimit(1_000_000), chunks(60))).resolves.toHaveLength(60 * large.length);
    await expect(passed(eventLimit(1_000_000), chunks(80))).rejects.toBeInstanceOf(AnswerTooLong);
  });
});
