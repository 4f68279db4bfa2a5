import { namedEvent, type StreamEvents } from "../sse.ts";

import type { Block } from "./blocks.ts";
import type { MessagesAnswer } from "./render.ts";

/** The events of a streamed message, in the order of the Anthropic API. */
export function messagesEvents(answer: MessagesAnswer): StreamEvents {
  const { message } = answer;
  const body = [messageStart(answer), ...answer.blocks.flatMap((block, index) => blockEvents(block, index))];
  body.splice(
    Math.min(2, body.length),
    0,
    ...Array.from({ length: answer.pings }, () => namedEvent({ type: "ping" })),
  );
  const { stop_reason, stop_sequence, stop_details, container } = message;
  const delta = { stop_reason, stop_sequence, stop_details, container };
  const usage = answer.deltaUsage && { usage: answer.deltaUsage };
  return {
    body,
    closing: [namedEvent({ type: "message_delta", delta, ...usage }), namedEvent({ type: "message_stop" })],
  };
}

function messageStart(answer: MessagesAnswer): Buffer {
  const { usage: _whole, ...message } = answer.message;
  const opening = { ...message, content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  const usage = answer.startUsage && { usage: answer.startUsage };
  return namedEvent({ type: "message_start", message: { ...opening, ...usage } });
}

function blockEvents(block: Block, index: number): Buffer[] {
  return [
    namedEvent({ type: "content_block_start", index, content_block: block.start }),
    ...block.deltas.map((delta) => namedEvent({ type: "content_block_delta", index, delta })),
    namedEvent({ type: "content_block_stop", index }),
  ];
}
