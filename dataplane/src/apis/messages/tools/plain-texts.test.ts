import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonObject } from "../../../json/json-object.ts";
import { encodeEvent } from "../../../sse/encode.ts";
import { verdict } from "../../api.ts";
import { JsonEventReader } from "../../json-event-reader.ts";
import { MessagesStreamObserver } from "../observe.ts";
import { PlainTexts } from "./plain-texts.ts";
import { ReceivedBlock } from "./received-block.ts";
import { ShownUsage } from "./shown-usage.ts";
import { Turn } from "./turn.ts";
import { MessagesTurnObserver } from "./turn-observer.ts";

const block = () => new ReceivedBlock(JsonObject.parse(Buffer.from('{"type":"text","text":"a"}')));

/** What becomes of the block, and whether the delta was taken at once. */
function taken(data: string, index = 0) {
  const received = block();
  const plain = new PlainTexts();
  plain.begin(received, index);
  const bytes = Buffer.from(`data: ${data}\n\n"}}`);
  return { taken: plain.take(bytes, 6, 6 + Buffer.byteLength(data)), text: received.text() };
}

const delta = (text: string, index = 0) =>
  `{"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":${text}}}`;

test.each([
  [delta('"b"'), "ab"],
  [delta('""'), "a"],
  [delta('"\\"}}\\\\"'), 'a"}}\\'],
  [delta('"é\\u00e9\\n"'), "aéé\n"],
  [`${delta('"b"').slice(0, -1)}   }`, "ab"],
])("%s is taken", (data, text) => {
  const result = taken(data);
  expect(result).toMatchObject({ taken: true });
  expect(JSON.parse(result.text)).toEqual({ type: "text", text });
});

test.each([
  delta('"b"', 1),
  delta('"b"').replace("text_delta", "citations_delta"),
  delta('"b"').replace('"index":0', '"index": 0'),
  delta('"b"').replace('"text":"b"', '"text":"b","text":"c"'),
  delta('"b"').replace('"text":', '"further":1,"text":'),
  delta('"b"').replace('"b"}', '"b"},"further":1'),
  delta('"b"').replace('"delta"', '"delt\\u0061"'),
  delta("null"),
  delta('"b'),
  `${delta('"b"')}{`,
  delta('"b"').slice(0, -1),
  delta('"b"').slice(0, -4),
  "{}",
])("%s is left to the closer look", (data) => {
  expect(taken(data)).toEqual({ taken: false, text: '{"type":"text","text":"a"}' });
});

test("nothing is taken before a block begins, nor for one that the client does not see as it comes", () => {
  const plain = new PlainTexts();
  const data = Buffer.from(delta('"b"'));
  expect(plain.take(data, 0, data.length)).toBe(false);
  plain.begin(block(), 0);
  plain.end();
  expect(plain.take(data, 0, data.length)).toBe(false);
});

/** A turn whose deltas are spelled in this way: what goes back to the provider, and the verdict on each event. */
function turnOf(pieces: readonly string[], spell: (piece: string) => string) {
  const reader = new JsonEventReader();
  const sink = { message() {}, toolCall() {}, thought() {}, usage() {} };
  const observer = new MessagesStreamObserver(sink, { hideUsage: false, usageOptional: false }, reader);
  const turn = new Turn(new Set(["bmcp_a"]), { hiding: false, last: false });
  const shown = { usage: new ShownUsage(), nextIndex: 0 };
  shown.usage.begin();
  const turns = new MessagesTurnObserver({ turn, shown, first: true, observer, reader });
  const events = [
    '{"type":"message_start","message":{"id":"msg_1"}}',
    '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    ...pieces.map(spell),
    '{"type":"content_block_stop","index":0}',
  ];
  const verdicts = events.map((event) => {
    const bytes = encodeEvent(event);
    return turns.event(bytes, 0, bytes.length - 2);
  });
  return { verdicts, content: JSON.parse(`[${turn.content()}]`) as unknown };
}

test("deltas in any spelling make the same content, and go out", () => {
  const spellings = [
    (piece: string) => delta(JSON.stringify(piece)),
    (piece: string) =>
      JSON.stringify(JSON.parse(delta(JSON.stringify(piece))), undefined, 1).replaceAll("\n", " "),
    (piece: string) =>
      `{"index":0,"delta":{"text":${JSON.stringify(piece)},"type":"text_delta"},"type":"content_block_delta"}`,
  ];
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      for (const spell of spellings) {
        const { verdicts, content } = turnOf(pieces, spell);
        expect(content).toEqual(text === "" ? [] : [{ type: "text", text }]);
        expect(verdicts.every((one) => one === verdict.relay)).toBe(true);
      }
    }),
    { seed: 5, numRuns: 200 },
  );
});
