import assert from "node:assert/strict";
import { readEvents } from "../../../sdk/src/testing/read-events.ts";
import type { ClientAnswer } from "./client-answer.ts";

interface Part {
  readonly type: string;
  readonly text?: string;
}

interface Item {
  readonly type: string;
  readonly id?: string;
  readonly call_id?: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly content?: readonly Part[];
  readonly summary?: readonly Part[];
}

interface ResponseObject {
  readonly id: string;
  readonly created_at: number;
  readonly status: string;
  readonly output: readonly Item[];
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
}

/** Reads a whole Responses answer. */
export function readResponse(body: string): ClientAnswer {
  return clientAnswer(JSON.parse(body) as ResponseObject);
}

function clientAnswer({ id, status, output, usage }: ResponseObject): ClientAnswer {
  const textsOf = (type: string, member: "content" | "summary") =>
    output.flatMap((item) => (item.type === type ? (item[member] ?? []).map(({ text }) => text ?? "") : []));
  return {
    id,
    texts: textsOf("message", "content"),
    thoughts: textsOf("reasoning", "summary"),
    calls: output.flatMap(({ type, call_id = "", name = "", arguments: input = "" }) =>
      type === "function_call" ? [{ id: call_id, name, input }] : [],
    ),
    stop: status,
    usage: { input: usage?.input_tokens ?? 0, output: usage?.output_tokens ?? 0 },
  };
}

const terminalTypes = ["response.completed", "response.incomplete", "response.failed"];

/** Reads a Responses stream as `streamedResponse` does. */
export function readResponseStream(body: string): ClientAnswer {
  return clientAnswer(streamedResponse(body));
}

/**
 * The response that a stream brings: numbered without a gap, one id throughout, each item opened once, in order, and
 * closed, and the final output made of just those items.
 */
export function streamedResponse(body: string): ResponseObject {
  const events = readEvents(body).map(({ name, data }) => {
    const event = JSON.parse(data);
    assert.equal(event.type, name);
    return event;
  });
  assert.deepEqual(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, index) => index),
  );
  assert.equal(events[0]?.type, "response.created");
  assert.deepEqual(
    events.filter(({ type }) => terminalTypes.includes(type)),
    events.slice(-1),
  );
  const responses: ResponseObject[] = events.flatMap(({ response }) => (response ? [response] : []));
  assert.equal(new Set(responses.map(({ id }) => id)).size, 1);
  assert.equal(new Set(responses.map(({ created_at }) => created_at)).size, 1);
  const final = responses.at(-1) as ResponseObject;
  if (final.status !== "failed") assert.deepEqual(final.output, readItems(events));
  return final;
}

// biome-ignore lint/suspicious/noExplicitAny: events of many shapes
function readItems(events: readonly any[]): Item[] {
  const items: Item[] = [];
  const open = new Map<number, { readonly id: string; text: string }>();
  let added = 0;
  for (const { type, output_index: index, item, delta, item_id } of events) {
    if (index === undefined) continue;
    if (type === "response.output_item.added") {
      assert.equal(index, added++);
      open.set(index, { id: item.id, text: "" });
      continue;
    }
    const known = open.get(index);
    assert.ok(known, `${type} of an item that is not open`);
    if (item_id !== undefined) assert.equal(item_id, known.id);
    if (type.endsWith("_text.delta") || type.endsWith("_arguments.delta")) known.text += delta;
    if (type !== "response.output_item.done") continue;
    assert.equal(item.id, known.id);
    const whole = item.arguments ?? item.content?.[0]?.text ?? item.summary?.[0]?.text;
    if (known.text !== "") assert.equal(known.text, whole);
    open.delete(index);
    items[index] = item;
  }
  assert.equal(open.size, 0);
  return items;
}
