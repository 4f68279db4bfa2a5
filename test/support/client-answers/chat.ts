import assert from "node:assert/strict";
import { readEvents } from "../../../sdk/src/testing/read-events.ts";
import type { ClientAnswer } from "./client-answer.ts";

interface Call {
  readonly id: string;
  readonly type: string;
  readonly function: { readonly name: string; arguments: string };
}

interface Message {
  readonly role: string;
  content?: string | null;
  reasoning_content?: string;
  tool_calls?: Call[];
}

interface Completion {
  readonly id: string;
  readonly choices: readonly { readonly message: Message; readonly finish_reason: string }[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

/** Reads a whole Chat answer; its texts are one, and a usage that it does not have counts as 0. */
export function readCompletion(body: string): ClientAnswer {
  const { id, choices, usage } = JSON.parse(body) as Completion;
  const [choice] = choices;
  assert.ok(choice);
  const { role, content, reasoning_content, tool_calls } = choice.message;
  assert.equal(role, "assistant");
  return {
    id,
    texts: content ? [content] : [],
    thoughts: reasoning_content ? [reasoning_content] : [],
    calls: (tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: call.function.arguments,
    })),
    stop: choice.finish_reason,
    usage: { input: usage?.prompt_tokens ?? 0, output: usage?.completion_tokens ?? 0 },
  };
}

/** Reads a Chat stream as `streamedCompletion` does. */
export function readChunks(body: string): ClientAnswer {
  return readCompletion(JSON.stringify(streamedCompletion(body)));
}

/**
 * The completion that a stream brings: one name in all chunks, one role, calls numbered from 0, one end, at most one usage,
 * `[DONE]` last.
 */
export function streamedCompletion(body: string): Completion {
  const data = readEvents(body).map((event) => {
    assert.equal(event.name, undefined);
    return event.data;
  });
  assert.equal(data.pop(), "[DONE]");
  const chunks = data.map((text) => JSON.parse(text));
  for (const member of ["id", "created", "model", "system_fingerprint", "object"])
    assert.equal(new Set(chunks.map((chunk) => chunk[member])).size, 1, member);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  assert.ok(choices.every(({ index }) => index === 0));
  const reasons = choices.map((choice) => choice.finish_reason).filter((reason) => reason !== null);
  assert.equal(reasons.length, 1);
  const usages = chunks.map(({ usage }) => usage).filter((usage) => usage !== null && usage !== undefined);
  assert.ok(usages.length <= 1);
  const message = joined(choices.map(({ delta }) => delta));
  const choice = { message, finish_reason: reasons[0] };
  return { id: chunks[0]?.id, choices: [choice], usage: usages[0] };
}

// biome-ignore lint/suspicious/noExplicitAny: deltas of many shapes
function joined(deltas: readonly any[]): Message {
  const roles = deltas.filter(({ role }) => role !== undefined);
  assert.deepEqual(
    roles.map(({ role }) => role),
    ["assistant"],
  );
  const message: Message = { role: "assistant" };
  for (const { content, reasoning_content, tool_calls } of deltas) {
    if (content) message.content = (message.content ?? "") + content;
    if (reasoning_content) message.reasoning_content = (message.reasoning_content ?? "") + reasoning_content;
    for (const call of tool_calls ?? []) extend(message, call);
  }
  return message;
}

// biome-ignore lint/suspicious/noExplicitAny: deltas of many shapes
function extend(message: Message, { index, ...delta }: any): void {
  message.tool_calls ??= [];
  const call = message.tool_calls[index];
  if (call !== undefined) {
    assert.ok(delta.id === undefined || delta.id === call.id);
    call.function.arguments += delta.function.arguments;
    return;
  }
  assert.equal(index, message.tool_calls.length);
  message.tool_calls.push(delta);
}
