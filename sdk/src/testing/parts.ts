/** Short ways to write the parts of an answer, and the answers that are used most. */

import type {
  CustomToolCallPart,
  ErrorAnswer,
  McpCallPart,
  RawAnswer,
  RefusalPart,
  TextPart,
  ThinkingPart,
  ToolCallPart,
  WebSearchPart,
} from "./answer.ts";

type Options<Part, Given extends keyof Part> = Partial<Omit<Part, "type" | Given>>;

/** A text; with `phase`, a message of that phase in Responses. */
export function text(words: string, options: Options<TextPart, "text"> = {}): TextPart {
  return { type: "text", text: words, ...options };
}

/** A thought; empty words are one whose text the provider keeps to itself. */
export function thinking(words: string, options: Options<ThinkingPart, "text"> = {}): ThinkingPart {
  return { type: "thinking", text: words, ...options };
}

/** @param input a value, or the raw JSON text of the arguments */
export function toolCall(
  name: string,
  input: unknown,
  options: Options<ToolCallPart, "name" | "input"> = {},
): ToolCallPart {
  return { type: "tool_call", name, input, ...options };
}

/** A call of a custom tool. @param input plain text */
export function customToolCall(
  name: string,
  input: string,
  options: Options<CustomToolCallPart, "name" | "input"> = {},
): CustomToolCallPart {
  return { type: "custom_tool_call", name, input, ...options };
}

/** A search that the provider ran itself. */
export function webSearch(query: string, options: Options<WebSearchPart, "query"> = {}): WebSearchPart {
  return { type: "web_search", query, ...options };
}

/** A call that the provider made to an MCP server. Its output is empty unless the options say otherwise. */
export function mcpCall(
  server: string,
  name: string,
  input: unknown,
  options: Options<McpCallPart, "server" | "name" | "input"> = {},
): McpCallPart {
  return { type: "mcp_call", server, name, input, output: "", ...options };
}

/** What the model says in place of an answer that it refuses. */
export function refusal(words: string): RefusalPart {
  return { type: "refusal", text: words };
}

/** An HTTP error in the shape of the API that was asked. */
export function httpError(
  status: number,
  message?: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorAnswer {
  return { error: { status, ...(message !== undefined && { message }) }, headers };
}

/** Anthropic's 529. */
export function overloaded(): ErrorAnswer {
  return httpError(529);
}

/** @param retryAfter seconds */
export function rateLimited(retryAfter: number): ErrorAnswer {
  const error = { status: 429, message: "Rate limit reached", code: "rate_limit_exceeded" };
  return { error, headers: { "retry-after": String(retryAfter) } };
}

/** A redirect, which no real provider sends. @param location absolute URL */
export function redirect(location: string, status = 307): RawAnswer {
  return { raw: { status, headers: { location } } };
}
