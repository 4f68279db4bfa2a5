import fc from "fast-check";
import { expect, test } from "vitest";
import { isDone, isPlainChunk } from "./events.ts";

const isPlain = (text: string) => isPlainChunk(Buffer.from(text), 0, Buffer.byteLength(text));

/** Texts that look like members to who does not know where a string ends. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('"usage":{}', '\\", "error": {', "tool_calls", '"index":7', "\\"),
);
const telling = ["tool_calls", "function_call", "reasoning_content", "reasoning"];

const chunks = fc.record({
  index: fc.constantFrom(0, 0, 0, 1, 10),
  delta: fc.dictionary(fc.constantFrom("role", "content", ...telling), fc.option(text), { maxKeys: 3 }),
  finish: fc.option(fc.constantFrom("stop", ""), { freq: 3 }),
  usage: fc.option(fc.constantFrom({}, { prompt_tokens: 1 }), { freq: 3, nil: undefined }),
  error: fc.option(fc.constant("no"), { freq: 5, nil: undefined }),
  space: fc.constantFrom(undefined, 1),
});

test("a chunk is plain if and only if it has no telling member", () => {
  fc.assert(
    fc.property(chunks, ({ index, delta, finish, usage, error, space }) => {
      const choice = { index, delta, logprobs: null, finish_reason: finish };
      const chunk = {
        id: "c",
        object: "chat.completion.chunk",
        created: 1,
        choices: [choice],
        usage: usage ?? null,
        error,
      };
      const tells = telling.some((name) => typeof delta[name] === "string") || finish !== null;
      const expected = !tells && index === 0 && usage === undefined && error === undefined;
      expect(isPlain(JSON.stringify(chunk, null, space))).toBe(expected);
    }),
    { numRuns: 500 },
  );
});

test.each(['{"content":"cut', '{"content":"cut\\', '{"cut'])("%j, which breaks off, is not plain", (cut) => {
  expect(isPlain(cut)).toBe(false);
});

test("[DONE] ends the stream", () => {
  const done = (data: string) => isDone(Buffer.from(data), 0, Buffer.byteLength(data));
  expect(done("[DONE]")).toBe(true);
  expect(done("[DONE] ")).toBe(true);
  expect(done("[DON")).toBe(false);
  expect(done('{"x":"[DONE]"}')).toBe(false);
});
