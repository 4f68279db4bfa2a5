import assert from "node:assert/strict";
import { readEvents } from "../../../sdk/src/testing/read-events.ts";
import type { ClientAnswer } from "./client-answer.ts";

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly name?: string;
  text?: string;
  thinking?: string;
  signature?: string;
  input?: unknown;
}

interface Message {
  readonly id: string;
  readonly content: readonly Block[];
  readonly stop_reason: string;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

/** Reads a whole Messages answer. */
export function readMessage(body: string): ClientAnswer {
  const message = JSON.parse(body) as Message;
  return {
    id: message.id,
    texts: message.content.flatMap(({ type, text }) => (type === "text" ? [text ?? ""] : [])),
    thoughts: message.content.flatMap(({ type, thinking }) => (type === "thinking" ? [thinking ?? ""] : [])),
    calls: message.content.flatMap(({ type, id = "", name = "", input }) =>
      type === "tool_use" ? [{ id, name, input: JSON.stringify(input) }] : [],
    ),
    stop: message.stop_reason,
    usage: { input: message.usage.input_tokens, output: message.usage.output_tokens },
  };
}

/** Reads a Messages stream as `streamedMessage` does. */
export function readMessageStream(body: string): ClientAnswer {
  return readMessage(JSON.stringify(streamedMessage(body)));
}

/** The message that a stream brings: each block opened once, in order, closed before the next one opens. */
export function streamedMessage(body: string): Message {
  const events = readEvents(body).map(({ name, data }) => {
    const event = JSON.parse(data);
    assert.equal(event.type, name);
    return event;
  });
  const rest = events.filter(({ type }) => type !== "ping");
  assert.equal(rest[0]?.type, "message_start");
  assert.equal(rest.at(-1)?.type, "message_stop");
  const once = (type: string) => assert.equal(rest.filter((event) => event.type === type).length, 1, type);
  for (const type of ["message_start", "message_delta", "message_stop"]) once(type);
  const [{ message }] = rest;
  const delta = rest.find(({ type }) => type === "message_delta");
  const content = readBlocks(rest.filter(({ type }) => type.startsWith("content_block_")));
  const usage = { ...message.usage, ...delta.usage };
  return { ...message, content, stop_reason: delta.delta.stop_reason, usage };
}

// biome-ignore lint/suspicious/noExplicitAny: events of many shapes
function readBlocks(events: readonly any[]): Block[] {
  const blocks: Block[] = [];
  let open: { block: Block; input: string } | undefined;
  for (const event of events) {
    if (event.type === "content_block_start") {
      assert.equal(open, undefined);
      assert.equal(event.index, blocks.length);
      open = { block: event.content_block, input: "" };
      continue;
    }
    assert.ok(open);
    assert.equal(event.index, blocks.length);
    if (event.type === "content_block_delta") extend(open, event.delta);
    else {
      if (open.input !== "") open.block.input = JSON.parse(open.input);
      blocks.push(open.block);
      open = undefined;
    }
  }
  assert.equal(open, undefined);
  return blocks;
}

// biome-ignore lint/suspicious/noExplicitAny: deltas of many shapes
function extend(open: { readonly block: Block; input: string }, delta: any): void {
  const { block } = open;
  if (delta.type === "text_delta") block.text = (block.text ?? "") + delta.text;
  else if (delta.type === "thinking_delta") block.thinking = (block.thinking ?? "") + delta.thinking;
  else if (delta.type === "signature_delta") block.signature = (block.signature ?? "") + delta.signature;
  else if (delta.type === "input_json_delta") open.input += delta.partial_json;
}
