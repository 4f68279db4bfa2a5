import type {
  CustomToolCallPart,
  McpCallPart,
  NativePart,
  Part,
  ToolCallPart,
  WebSearchPart,
} from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { argumentsText } from "../arguments.ts";
import { splitText } from "../pieces.ts";
import { messageItem } from "./message-item.ts";
import { reasoningItem } from "./reasoning-item.ts";

/** Members of an event; the stream adds output_index, item_id and sequence_number. */
export interface ItemEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** An output item in its three forms: as in output_item.done, as in output_item.added, and the events in between. */
export interface OutputItem {
  readonly whole: Readonly<Record<string, unknown>>;
  readonly added: Readonly<Record<string, unknown>>;
  readonly events: readonly ItemEvent[];
}

/** The output items of the parts, in their order. */
export function itemsOf(parts: readonly Part[], context: AnswerContext): OutputItem[] {
  return parts.map((part, index) => item(part, index, context));
}

function item(part: Part, index: number, context: AnswerContext): OutputItem {
  const { deltaLength } = context;
  switch (part.type) {
    case "text":
    case "refusal":
      return messageItem(part, context.callId("msg", index), deltaLength);
    case "thinking":
      return reasoningItem(part, context.callId("rs", index), deltaLength);
    case "redacted_thinking":
      return reasoningItem(
        { type: "thinking", text: "", encryptedContent: part.data },
        context.callId("rs", index),
        deltaLength,
      );
    case "tool_call":
      return functionCall(
        part,
        context.callId("fc", index),
        part.id ?? context.callId("call", index),
        deltaLength,
      );
    case "custom_tool_call":
      return customCall(
        part,
        context.callId("ctc", index),
        part.id ?? context.callId("call", index),
        deltaLength,
      );
    case "web_search":
      return webSearch(part, part.id ?? context.callId("ws", index));
    case "mcp_call":
      return mcpCall(part, part.id ?? context.callId("mcp", index), deltaLength);
    case "native":
      return nativeItem(part);
  }
}

function functionCall(part: ToolCallPart, id: string, callId: string, deltaLength: number): OutputItem {
  const text = argumentsText(part.input);
  const namespace = part.namespace === undefined ? {} : { namespace: part.namespace };
  const base = { type: "function_call", id, call_id: callId, name: part.name, ...namespace };
  return {
    whole: { ...base, arguments: text, status: "completed" },
    added: { ...base, arguments: "", status: "in_progress" },
    events: [
      ...splitText(text, deltaLength).map((delta) => ({
        type: "response.function_call_arguments.delta",
        delta,
      })),
      { type: "response.function_call_arguments.done", arguments: text },
    ],
  };
}

function customCall(part: CustomToolCallPart, id: string, callId: string, deltaLength: number): OutputItem {
  const base = { type: "custom_tool_call", id, call_id: callId, name: part.name };
  return {
    whole: { ...base, input: part.input, status: "completed" },
    added: { ...base, input: "", status: "in_progress" },
    events: [
      ...splitText(part.input, deltaLength).map((delta) => ({
        type: "response.custom_tool_call_input.delta",
        delta,
      })),
      { type: "response.custom_tool_call_input.done", input: part.input },
    ],
  };
}

function webSearch(part: WebSearchPart, id: string): OutputItem {
  const sources = part.results?.map(({ url }) => ({ type: "url", url }));
  const action = { type: "search", query: part.query, queries: [part.query], ...(sources && { sources }) };
  return {
    whole: { type: "web_search_call", id, status: "completed", action },
    added: { type: "web_search_call", id, status: "in_progress" },
    events: [
      { type: "response.web_search_call.in_progress" },
      { type: "response.web_search_call.searching" },
      { type: "response.web_search_call.completed" },
    ],
  };
}

function mcpCall(part: McpCallPart, id: string, deltaLength: number): OutputItem {
  const text = argumentsText(part.input);
  const base = {
    type: "mcp_call",
    id,
    server_label: part.server,
    name: part.name,
    approval_request_id: null,
  };
  const error = { type: "mcp_tool_execution_error", content: [{ type: "text", text: part.output }] };
  const result = part.failed
    ? { output: null, error, status: "failed" }
    : { output: part.output, error: null, status: "completed" };
  return {
    whole: { ...base, arguments: text, ...result },
    added: { ...base, arguments: "", output: null, error: null, status: "in_progress" },
    events: [
      { type: "response.mcp_call.in_progress" },
      ...splitText(text, deltaLength).map((delta) => ({ type: "response.mcp_call_arguments.delta", delta })),
      { type: "response.mcp_call_arguments.done", arguments: text },
      { type: part.failed ? "response.mcp_call.failed" : "response.mcp_call.completed" },
    ],
  };
}

function nativeItem(part: NativePart): OutputItem {
  return { whole: part.block, added: part.start ?? part.block, events: [] };
}
