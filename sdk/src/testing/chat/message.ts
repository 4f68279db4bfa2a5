import {
  type ChatDetails,
  type CustomToolCallPart,
  type ModelAnswer,
  type Part,
  partsOf,
  type Stop,
  stopOf,
  type ToolCallPart,
} from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { argumentsText } from "../arguments.ts";

/** One choice of a completion: the message as the document has it, and why it ended. */
export interface Choice {
  readonly index: number;
  readonly message: ChatMessage;
  readonly finishReason: string;
}

export interface ChatMessage {
  readonly role: "assistant";
  readonly content: string | null;
  readonly refusal: string | null;
  readonly annotations: readonly [];
  readonly tool_calls?: readonly ToolCall[];
  readonly function_call?: { readonly name: string; readonly arguments: string };
  /** Compatible servers only. */
  readonly reasoning_content?: string;
  readonly reasoning?: string;
}

export type ToolCall =
  | { readonly id: string; readonly type: "function"; readonly function: { name: string; arguments: string } }
  | { readonly id: string; readonly type: "custom"; readonly custom: { name: string; input: string } };

const finishReasons: Readonly<Record<Stop, string>> = {
  end: "stop",
  length: "length",
  tool_use: "tool_calls",
  refusal: "stop",
  content_filter: "content_filter",
  stop_sequence: "stop",
  pause: "stop",
  context_window: "length",
};

/** The choices of an answer: those it lists, else its content once for each that was asked for. */
export function choicesOf(answer: ModelAnswer, context: AnswerContext): Choice[] {
  const contents =
    answer.chat?.choices ?? Array.from({ length: choicesAsked(context) }, () => answer.content);
  return contents.map((content, index) => choice(partsOf(content), index, answer, context));
}

/** The request's `n`, within the limits of the API. */
function choicesAsked({ request }: AnswerContext): number {
  return typeof request.n === "number" ? Math.min(128, Math.max(1, request.n)) : 1;
}

function choice(parts: readonly Part[], index: number, answer: ModelAnswer, context: AnswerContext): Choice {
  const details = answer.chat ?? {};
  const stop = stopOf(answer.stop, parts);
  const legacy = details.legacyFunctionCall === true && stop === "tool_use";
  return {
    index,
    message: message(parts, details, (position) => context.callId("call", index * 100 + position)),
    finishReason: legacy ? "function_call" : finishReasons[stop],
  };
}

function message(
  parts: readonly Part[],
  details: ChatDetails,
  callId: (position: number) => string,
): ChatMessage {
  const text = joined(parts, "text");
  const refusal = joined(parts, "refusal");
  const thinking = joined(parts, "thinking");
  const calls = parts.flatMap((part, position) => toolCall(part, () => callId(position)));
  return {
    role: "assistant",
    content: text === "" && (calls.length > 0 || refusal !== "") ? null : text,
    refusal: refusal === "" ? null : refusal,
    annotations: [],
    ...(thinking !== "" && { [details.reasoningMember ?? "reasoning_content"]: thinking }),
    ...calledTools(calls, details.legacyFunctionCall ?? false),
  };
}

function joined(parts: readonly Part[], type: "text" | "refusal" | "thinking"): string {
  return parts.map((part) => (part.type === type ? part.text : "")).join("");
}

function calledTools(calls: readonly ToolCall[], legacy: boolean): Partial<ChatMessage> {
  const first = calls[0];
  if (first === undefined) return {};
  if (legacy && first.type === "function") return { function_call: first.function };
  return { tool_calls: calls };
}

function toolCall(part: Part, makeId: () => string): ToolCall[] {
  if (part.type === "tool_call") return [functionCall(part, makeId)];
  return part.type === "custom_tool_call" ? [customCall(part, makeId)] : [];
}

function functionCall(part: ToolCallPart, makeId: () => string): ToolCall {
  const called = { name: part.name, arguments: argumentsText(part.input) };
  return { id: part.id ?? makeId(), type: "function", function: called };
}

function customCall(part: CustomToolCallPart, makeId: () => string): ToolCall {
  return { id: part.id ?? makeId(), type: "custom", custom: { name: part.name, input: part.input } };
}
