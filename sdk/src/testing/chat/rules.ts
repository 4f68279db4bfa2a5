import type { ErrorAnswer } from "../answer.ts";
import { type ApiRules, badRequest, type CheckedRequest, listOf, repeated } from "../rules.ts";

interface Message {
  readonly role?: string;
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: readonly { readonly id: string }[];
  readonly tool_call_id?: string;
}

/** Chat Completions: every call is answered, once, right behind the message that makes it. */
export class ChatRules implements ApiRules {
  refusal({ members }: CheckedRequest): ErrorAnswer | undefined {
    const messages = listOf<Message>(members.messages);
    if (messages.length === 0) return refused("Invalid 'messages': empty array.", "messages");
    for (const [index, message] of messages.entries()) {
      const problem =
        message.role === "tool"
          ? resultProblem(messages, index)
          : message.role === "assistant"
            ? assistantProblem(messages, index)
            : undefined;
      if (problem !== undefined) return refused(problem, `messages.[${index}].role`);
    }
    return undefined;
  }
}

function refused(message: string, param: string): ErrorAnswer {
  return badRequest(message, { param });
}

function assistantProblem(messages: readonly Message[], index: number): string | undefined {
  const { content, refusal, tool_calls: calls = [] } = messages[index] as Message;
  if (calls.length === 0)
    return (content ?? refusal ?? null) !== null
      ? undefined
      : "Invalid value for 'content': expected a string, got null.";
  const ids = calls.map(({ id }) => id);
  const [twice] = repeated(ids);
  if (twice !== undefined) return `Duplicate id '${twice}' in 'tool_calls'.`;
  const answered = resultsBehind(messages, index);
  const missing = ids.filter((id) => !answered.includes(id));
  if (missing.length === 0) return undefined;
  return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${missing.join(", ")}`;
}

/** Call ids of the tool messages directly behind the message at `index`. */
function resultsBehind(messages: readonly Message[], index: number): string[] {
  const ids: string[] = [];
  for (let at = index + 1; messages[at]?.role === "tool"; at++) ids.push(messages[at]?.tool_call_id ?? "");
  return ids;
}

function resultProblem(messages: readonly Message[], index: number): string | undefined {
  const caller = messages.findLastIndex(({ role }, at) => at < index && role !== "tool");
  const calls = messages[caller]?.role === "assistant" ? (messages[caller]?.tool_calls ?? []) : [];
  if (calls.length === 0)
    return "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
  const id = messages[index]?.tool_call_id ?? "";
  if (!calls.some((call) => call.id === id))
    return `Invalid parameter: 'tool_call_id' of '${id}' not found in 'tool_calls' of previous message.`;
  const first = messages.findIndex((message, at) => at > caller && message.tool_call_id === id);
  return first < index ? `Duplicate tool message for 'tool_call_id' '${id}'.` : undefined;
}
