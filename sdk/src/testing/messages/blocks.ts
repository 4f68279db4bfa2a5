import type { McpCallPart, Part, ThinkingPart, WebSearchPart } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { argumentsText, parsedArguments } from "../arguments.ts";
import { splitText } from "../pieces.ts";

/** A content block in its three forms: whole, as in its content_block_start, and as the deltas in between. */
export interface Block {
  readonly whole: Readonly<Record<string, unknown>>;
  readonly start: Readonly<Record<string, unknown>>;
  readonly deltas: readonly Readonly<Record<string, unknown>>[];
}

const defaultSignature = "c2lnbmF0dXJl";
const directCaller = { type: "direct" };

/** The content blocks of the parts, in their order; calls of the provider's own tools are followed by their results. */
export function blocksOf(parts: readonly Part[], context: AnswerContext): Block[] {
  return parts.flatMap((part, index) => partBlocks(part, index, context));
}

function partBlocks(part: Part, index: number, context: AnswerContext): Block[] {
  const { deltaLength } = context;
  switch (part.type) {
    case "text":
    case "refusal":
      return [textBlock(part.text, deltaLength)];
    case "thinking":
      return [thinkingBlock(part, deltaLength)];
    case "redacted_thinking":
      return [constantBlock({ type: "redacted_thinking", data: part.data })];
    case "tool_call": {
      const toolset = part.namespace === undefined ? {} : { toolset_name: part.namespace };
      const id = part.id ?? context.callId("toolu", index);
      return [
        callBlock(
          { type: "tool_use", id, name: part.name, ...toolset, caller: directCaller },
          part.input,
          deltaLength,
        ),
      ];
    }
    case "custom_tool_call": {
      const id = part.id ?? context.callId("toolu", index);
      return [
        callBlock(
          { type: "tool_use", id, name: part.name, caller: directCaller },
          { input: part.input },
          deltaLength,
        ),
      ];
    }
    case "web_search":
      return webSearchBlocks(part, part.id ?? context.callId("srvtoolu", index), deltaLength);
    case "mcp_call":
      return mcpBlocks(part, part.id ?? context.callId("mcptoolu", index), deltaLength);
    case "native":
      return [{ whole: part.block, start: part.start ?? part.block, deltas: part.deltas ?? [] }];
  }
}

function textBlock(text: string, deltaLength: number): Block {
  return {
    whole: { type: "text", text },
    start: { type: "text", text: "" },
    deltas: splitText(text, deltaLength).map((delta) => ({ type: "text_delta", text: delta })),
  };
}

/** Thinking whose text is omitted has no thinking_delta, only its signature. */
function thinkingBlock(part: ThinkingPart, deltaLength: number): Block {
  const signature = part.signature ?? defaultSignature;
  return {
    whole: { type: "thinking", thinking: part.text, signature },
    start: { type: "thinking", thinking: "", signature: "" },
    deltas: [
      ...splitText(part.text, deltaLength).map((delta) => ({ type: "thinking_delta", thinking: delta })),
      { type: "signature_delta", signature },
    ],
  };
}

/** The API opens the arguments with an empty delta, and sends no other for a call without arguments. */
function callBlock(block: Readonly<Record<string, unknown>>, input: unknown, deltaLength: number): Block {
  const json = argumentsText(input);
  const deltas = json === "{}" ? [""] : ["", ...splitText(json, deltaLength)];
  return {
    whole: { ...block, input: parsedArguments(input) },
    start: { ...block, input: {} },
    deltas: deltas.map((delta) => ({ type: "input_json_delta", partial_json: delta })),
  };
}

function constantBlock(whole: Readonly<Record<string, unknown>>): Block {
  return { whole, start: whole, deltas: [] };
}

function webSearchBlocks(part: WebSearchPart, id: string, deltaLength: number): Block[] {
  const results = (part.results ?? []).map((result) => ({
    type: "web_search_result",
    title: result.title,
    url: result.url,
    encrypted_content: "ZW5jcnlwdGVk",
    page_age: null,
  }));
  return [
    callBlock(
      { type: "server_tool_use", id, name: "web_search", caller: directCaller },
      { query: part.query },
      deltaLength,
    ),
    constantBlock({
      type: "web_search_tool_result",
      tool_use_id: id,
      content: results,
      caller: directCaller,
    }),
  ];
}

function mcpBlocks(part: McpCallPart, id: string, deltaLength: number): Block[] {
  return [
    callBlock(
      { type: "mcp_tool_use", id, name: part.name, server_name: part.server },
      part.input,
      deltaLength,
    ),
    constantBlock({
      type: "mcp_tool_result",
      tool_use_id: id,
      is_error: part.failed ?? false,
      content: [{ type: "text", text: part.output }],
    }),
  ];
}
