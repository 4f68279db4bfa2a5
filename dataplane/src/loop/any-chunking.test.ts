import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ModelAnswer, Part } from "../../../sdk/src/testing/answer.ts";
import { text, thinking, toolCall } from "../../../sdk/src/testing/parts.ts";
import { renderAnswer } from "../../../sdk/src/testing/render.ts";
import { readStreamedAnswer } from "../../../test/support/client-answers/read-client-answer.ts";
import { loopUnderTest } from "../../../test/support/tool-turns/loop-under-test.ts";
import type { ApiName } from "../apis/api.ts";

const toolIds = ["bmcp_wiki_read", "bmcp_wiki_find"];

/** What the model says in one turn before it calls anything. */
const saying = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme", minLength: 1 }).map((words) => text(words)),
    fc.string({ unit: "grapheme", minLength: 1 }).map((words) => thinking(words, { signature: "c2ln" })),
  ),
  { maxLength: 3 },
);
const centralCalls = fc.array(fc.tuple(fc.constantFrom(...toolIds), fc.string({ unit: "grapheme" })), {
  minLength: 1,
  maxLength: 4,
});

/** The turns of one conversation: all but the last call central tools alone, the last one may call the client's too. */
const conversations = fc
  .record({
    turns: fc.array(fc.tuple(saying, centralCalls), { minLength: 1, maxLength: 3 }),
    last: saying,
    mixed: fc.option(centralCalls, { nil: undefined }),
    crlf: fc.boolean(),
  })
  .map(({ turns, last, mixed, crlf }) => {
    const parts: Part[][] = turns.map(([said, calls]) => [...said, ...calls.map(call)]);
    const own = toolCall("Bash", { command: "ls" });
    parts.push(mixed === undefined ? [...last, text("Done.")] : [...last, own, ...mixed.map(call)]);
    return { answers: parts.map(answerOf), crlf };
  });

function call([id, page]: [id: string, page: string]): Part {
  return toolCall(id, { page });
}

/** Ids are given, so that an answer has the same bytes each time. */
function answerOf(parts: readonly Part[], turn: number): ModelAnswer {
  const content = parts.map((part, index) =>
    part.type === "tool_call" ? { ...part, id: `call_${turn}_${index}` } : part,
  );
  const calls = parts.some(({ type }) => type === "tool_call");
  return { id: `turn_${turn}`, content, stop: calls ? "tool_use" : "end", usage: { input: 10, output: 5 } };
}

function bytesOf(api: ApiName, answer: ModelAnswer, crlf = false): Buffer {
  const bytes = Buffer.concat(renderAnswer(api, answer, { model: "m", stream: true }).body);
  return crlf ? Buffer.from(bytes.toString().replaceAll("\n", "\r\n")) : bytes;
}

/** Pieces of the bytes, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  // Each piece is a buffer of its own, as those that come from a socket are.
  return [0, ...at].map((from, index) => Buffer.from(bytes.subarray(from, at[index])));
}

/** What the client gets of these answers, with all that happened. */
async function relayed(api: ApiName, answers: readonly (readonly Buffer[])[]) {
  const { loop, client, seen } = loopUnderTest({ api, answers, toolIds });
  const end = await loop.run();
  return { written: Buffer.from(client.written, "latin1").toString(), ending: client.ending, seen, end };
}

describe.each(["messages", "chat", "responses"] as const)("%s", (api) => {
  test("whatever the chunks, the client of a loop gets the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        conversations,
        fc.array(fc.array(fc.nat(), { maxLength: 40 }), { minLength: 4, maxLength: 4 }),
        async ({ answers, crlf }, places) => {
          const bodies = answers.map((answer) => bytesOf(api, answer, crlf));
          const whole = await relayed(
            api,
            bodies.map((body) => [body]),
          );
          const inPieces = bodies.map((body, turn) => cut(body, places[turn] as number[]));
          expect(await relayed(api, inPieces)).toEqual(whole);
          expectAnswer(readStreamedAnswer(api, whole.written.replaceAll("\r\n", "\n")), answers);
        },
      ),
      { numRuns: 150, seed: 20_261_122 },
    );
  });

  test("a cut at any place of any turn changes nothing, nor do bytes that come one by one", async () => {
    const answers = [
      [
        text("données 😀\n"),
        thinking("Où ?"),
        call([toolIds[0] as string, "ü"]),
        call([toolIds[1] as string, ""]),
      ],
      [text("Élan."), toolCall("Bash", { command: "ls" }), call([toolIds[0] as string, "😀"])],
    ].map(answerOf);
    const bodies = answers.map((answer) => bytesOf(api, answer, true));
    const whole = await relayed(
      api,
      bodies.map((body) => [body]),
    );
    // Each run cuts at every 61st byte, from another one on: together at every byte.
    for (let first = 1; first <= 61; first++) {
      const pieces = bodies.map((body) =>
        cut(
          body,
          everyByte(body).filter((at) => at % 61 === first % 61),
        ),
      );
      expect(await relayed(api, pieces), `cut at ${first}, ${first + 61}, …`).toEqual(whole);
    }
    const bytes = bodies.map((body) => cut(body, everyByte(body)));
    expect(await relayed(api, bytes)).toEqual(whole);
  });
});

function everyByte(body: Buffer): number[] {
  return [...body.keys()];
}

/** The client has all that was said, and of the calls its own. */
function expectAnswer(answer: ReturnType<typeof readStreamedAnswer>, answers: readonly ModelAnswer[]): void {
  const parts = answers.flatMap(({ content }) => content as readonly Part[]);
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  expect(answer.texts.join("")).toBe(texts.join(""));
  const own = parts.flatMap((part) => (part.type === "tool_call" && part.name === "Bash" ? [part.id] : []));
  expect(answer.calls.map(({ id }) => id)).toEqual(own);
}
