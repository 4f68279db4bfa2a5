import { expect, test } from "vitest";
import { isPlainDelta } from "./events.ts";

const isPlain = (event: object | string) =>
  isPlainDelta(Buffer.from(typeof event === "string" ? event : JSON.stringify(event)), 0);
const delta = (index: number, given: object) => ({ type: "content_block_delta", index, delta: given });

test.each([
  delta(0, { type: "text_delta", text: "Hi" }),
  delta(123, { type: "text_delta", text: '"type":"input_json_delta"' }),
  delta(1, { type: "signature_delta", signature: "Eq" }),
  delta(1, { type: "citations_delta", citation: {} }),
])("%j is plain", (event) => {
  expect(isPlain(event)).toBe(true);
});

test.each([
  delta(0, { type: "input_json_delta", partial_json: '"type":"text_delta"' }),
  delta(0, { type: "thinking_delta", thinking: "text_delta" }),
  delta(0, { type: "text_delta_v2" }),
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "message_stop" },
  '{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}',
  '{"type":"content_block_delta","index":0',
  "",
])("%j is looked at", (event) => {
  expect(isPlain(event)).toBe(false);
});
