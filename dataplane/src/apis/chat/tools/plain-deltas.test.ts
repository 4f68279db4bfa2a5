import fc from "fast-check";
import { expect, test } from "vitest";
import { chunk, delta, finish } from "../../../../../test/fixtures/chat/build.ts";
import { PlainDeltas } from "./plain-deltas.ts";

/** The deltas that are found in these chunks, and which of the chunks were taken. */
function found(chunks: readonly string[]): { deltas: object[]; taken: boolean[] } {
  const deltas: object[] = [];
  const plain = new PlainDeltas({
    content: (piece) => void deltas.push({ content: JSON.parse(`"${piece}"`) }),
    delta: ({ bytes, start, end }) => void deltas.push(JSON.parse(bytes.toString("utf8", start, end))),
  });
  const taken = chunks.map((text) => {
    // As in a stream: other bytes stand before and behind.
    const bytes = Buffer.from(`data: ${text}\n\n"}`);
    return plain.take(bytes, "data: ".length, bytes.length - 4);
  });
  return { deltas, taken };
}

const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom('"', "\\", '"}', '\\"}', '{"content":"', "\n"),
);
const plainDelta = fc.oneof(
  text.map((content) => ({ content })),
  fc.record({ content: text, refusal: fc.constant(null) }),
  fc.record({ role: fc.constant("assistant"), content: fc.constantFrom(null, "") }),
  fc.constant({}),
);

test("whatever the texts, every delta is found once and whole", () => {
  const chunks = fc.array(fc.record({ given: plainDelta, id: fc.constantFrom("a", "b") }), { maxLength: 12 });
  fc.assert(
    fc.property(chunks, fc.constantFrom(undefined, 1), (list, space) => {
      const texts = list.map(({ given, id }) => JSON.stringify({ ...delta(given), id }, null, space));
      expect(found(texts)).toEqual({
        deltas: list.map(({ given }) => given),
        taken: list.map(() => true),
      });
    }),
  );
});

test("a chunk that carries a fact is not taken, however like the one before it begins", () => {
  const plain = JSON.stringify(delta({ content: "a" }));
  const facts = [
    JSON.stringify(delta({ content: "a", reasoning_content: "b" })),
    JSON.stringify({ ...delta({ content: "a" }), usage: { prompt_tokens: 1 } }),
    plain.replace('"finish_reason":null', '"finish_reason":"stop"'),
    JSON.stringify(finish("stop")),
  ];
  expect(found([plain, ...facts, plain])).toEqual({
    deltas: [{ content: "a" }, { content: "a" }],
    taken: [true, false, false, false, false, true],
  });
});

test("what has no delta, or breaks off, has nothing to find", () => {
  const broken = ['{"choices":[', '{"choices":[{"delta":{"content":"cu', "5", '{"choices":{"delta":{}}}'];
  expect(found([JSON.stringify(chunk([])), ...broken]).deltas).toEqual([]);
});
