/**
 * What the scripted provider is told to answer. An answer is described once, without regard to the API it will be
 * asked in; what only one API knows is under a member of that API's name.
 */

import type { Delivery } from "./delivery.ts";

/** A model's answer, an HTTP error in the API's own shape, or bytes as they are. */
export type ProviderAnswer = ModelAnswer | ErrorAnswer | RawAnswer;

/** One thing the model says or does. The order of parts is the order in the answer. */
export type Part =
  | TextPart
  | ThinkingPart
  | RedactedThinkingPart
  | ToolCallPart
  | CustomToolCallPart
  | WebSearchPart
  | McpCallPart
  | RefusalPart
  | NativePart;

export interface TextPart {
  readonly type: "text";
  readonly text: string;
  /** Responses: what a message is for. @default absent */
  readonly phase?: "commentary" | "final_answer";
}

/**
 * Messages: a thinking block. Chat: `reasoning_content` as compatible servers send it. Responses: a reasoning item.
 */
export interface ThinkingPart {
  readonly type: "thinking";
  /** Empty means that the provider keeps the text to itself (Anthropic's `display: "omitted"`). */
  readonly text: string;
  /** Messages only. @default "c2lnbmF0dXJl" */
  readonly signature?: string;
  /** Responses: the summary parts. @default [text], or none when text is empty or `reasoning` is given */
  readonly summary?: readonly string[];
  /** Responses: the reasoning text parts in `content`. @default absent */
  readonly reasoning?: readonly string[];
  /** Responses: as in `output_item.done`; the one in `.added` differs, as it does in the real API. @default absent */
  readonly encryptedContent?: string;
}

/** Messages: a redacted_thinking block. Responses: a reasoning item with only encrypted_content. Chat: nothing. */
export interface RedactedThinkingPart {
  readonly type: "redacted_thinking";
  readonly data: string;
}

/** A call of a function the client defined. */
export interface ToolCallPart {
  readonly type: "tool_call";
  readonly name: string;
  /** A string is taken as the raw JSON text of the arguments, well formed or not; anything else is serialised. */
  readonly input: unknown;
  /** @default made from the answer's id */
  readonly id?: string;
  /** Responses: `namespace`. Messages: `toolset_name`. @default absent */
  readonly namespace?: string;
}

/** A call of a custom tool, whose input is plain text. Messages has none: there it is a tool_use with {input}. */
export interface CustomToolCallPart {
  readonly type: "custom_tool_call";
  readonly name: string;
  readonly input: string;
  readonly id?: string;
}

/** A search the provider ran itself. Chat has no such item: nothing is sent there. */
export interface WebSearchPart {
  readonly type: "web_search";
  readonly query: string;
  readonly id?: string;
  readonly results?: readonly { readonly title: string; readonly url: string }[];
}

/** A call that the provider made to an MCP server. Chat has no such item: nothing is sent there. */
export interface McpCallPart {
  readonly type: "mcp_call";
  readonly server: string;
  readonly name: string;
  readonly input: unknown;
  readonly output: string;
  readonly failed?: boolean;
  readonly id?: string;
}

/** Messages: a text block (set `stop: "refusal"` too). OpenAI: the refusal member or content part. */
export interface RefusalPart {
  readonly type: "refusal";
  readonly text: string;
}

/**
 * A content block (Messages) or output item (Responses) verbatim. Streamed, it comes whole with its start event,
 * unless `start` and `deltas` say otherwise. Chat: nothing.
 */
export interface NativePart {
  readonly type: "native";
  readonly block: Readonly<Record<string, unknown>>;
  /** The block as it looks in its first event. @default block */
  readonly start?: Readonly<Record<string, unknown>>;
  /** Messages: the `delta` members of its content_block_delta events. @default [] */
  readonly deltas?: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Why the model stopped. Messages | Chat | Responses:
 * end: end_turn | stop | completed; length: max_tokens | length | incomplete (max_output_tokens);
 * tool_use: tool_use | tool_calls | completed; refusal: refusal | stop | completed;
 * content_filter: refusal | content_filter | incomplete (content_filter); stop_sequence: stop_sequence | stop | completed;
 * pause: pause_turn | stop | completed; context_window: model_context_window_exceeded | length | incomplete.
 */
export type Stop =
  | "end"
  | "length"
  | "tool_use"
  | "refusal"
  | "content_filter"
  | "stop_sequence"
  | "pause"
  | "context_window";

/**
 * Tokens in disjoint columns for every API (the OpenAI forms add cache reads and writes to their input total).
 */
export interface Usage {
  /** Input tokens neither read from nor written to a cache. */
  readonly input: number;
  readonly output: number;
  /** @default 0 */
  readonly cacheRead?: number;
  /** @default the sum of cacheWrite5m and cacheWrite1h */
  readonly cacheWrite?: number;
  /** Messages: cache_creation.ephemeral_5m_input_tokens. @default cacheWrite - cacheWrite1h */
  readonly cacheWrite5m?: number;
  /** Messages: cache_creation.ephemeral_1h_input_tokens. @default 0 */
  readonly cacheWrite1h?: number;
  /** Part of output. Messages: output_tokens_details.thinking_tokens. OpenAI: reasoning_tokens. @default absent */
  readonly reasoning?: number;
  /** Messages: server_tool_use.web_search_requests. Responses: tool_usage.web_search.num_requests. @default absent */
  readonly webSearches?: number;
  /** Messages: the iterations list; the totals above leave out those of type compaction. @default absent */
  readonly iterations?: readonly UsageIteration[];
}

export interface UsageIteration {
  readonly type: "message" | "compaction" | "advisor_message";
  readonly model?: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** A failure the model reports after its answer began. */
export interface Failure {
  /** Messages: error.type. Chat: error.type. Responses: not sent. */
  readonly type: string;
  readonly message: string;
  /** OpenAI: error.code. @default "server_error" */
  readonly code?: string;
  /** The number of events sent before it. @default all but the closing ones */
  readonly afterEvents?: number;
  /** The status of the non-streamed form in Messages and Chat (Responses answers 200, `status: "failed"`). @default 500 */
  readonly status?: number;
}

export interface ModelAnswer {
  /** The provider's message or response id. @default made up, unique */
  readonly id?: string;
  /** @default the model of the request */
  readonly model?: string;
  readonly content: string | readonly Part[];
  /** @default tool_use when there is a call of a client's tool, refusal when there is a refusal, else end */
  readonly stop?: Stop;
  /** "missing": the answer has no usage member at all. @default {input: 10, output: 5} */
  readonly usage?: Usage | "missing";
  /** @default absent */
  readonly serviceTier?: string;
  readonly failure?: Failure;
  /** Characters in one text, thinking or argument delta. @default 16 */
  readonly deltaLength?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delivery?: Delivery;
  readonly messages?: MessagesDetails;
  readonly chat?: ChatDetails;
  readonly responses?: ResponsesDetails;
}

/** What only Anthropic Messages has. */
export interface MessagesDetails {
  /** Merged into the message object (`container`, `stop_details`, …). */
  readonly message?: Readonly<Record<string, unknown>>;
  /** Merged into the usage of message_start. */
  readonly startUsage?: Readonly<Record<string, unknown>>;
  /** Merged into the usage of message_delta, and into that of the non-streamed form. */
  readonly deltaUsage?: Readonly<Record<string, unknown>>;
  /** Ping events after the first content_block_start. @default 1 */
  readonly pings?: number;
}

/** What only OpenAI Chat Completions, or a server compatible with it, has. */
export interface ChatDetails {
  /** The content of each choice. @default the answer's content, as often as the request's `n` says */
  readonly choices?: readonly (string | readonly Part[])[];
  /** Sends the (first) tool call as the legacy function_call. @default false */
  readonly legacyFunctionCall?: boolean;
  /** The member that carries thinking. @default "reasoning_content" */
  readonly reasoningMember?: "reasoning_content" | "reasoning";
  /**
   * Where a stream's usage is. "own-chunk": a chunk with empty choices, only when `include_usage` asks for it, and
   * `usage: null` on the others. "beside-choices": on the chunk with the finish reason, asked for or not.
   * @default "own-chunk"
   */
  readonly usagePlacement?: "own-chunk" | "beside-choices";
  /** Whether `data: [DONE]` ends the stream. @default true */
  readonly done?: boolean;
  /** Merged into the usage object. */
  readonly usage?: Readonly<Record<string, unknown>>;
  /** Merged into the completion and into every chunk. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** What only OpenAI Responses has. */
export interface ResponsesDetails {
  /** Merged into the response object of every lifecycle event. */
  readonly response?: Readonly<Record<string, unknown>>;
  /** Merged into the usage object. */
  readonly usage?: Readonly<Record<string, unknown>>;
  /** Merged into response.tool_usage of the terminal event. */
  readonly toolUsage?: Readonly<Record<string, unknown>>;
  /** The events a {@link Failure} ends a stream with: the flat `error`, response.failed, or both. @default "both" */
  readonly failureEvents?: "both" | "error" | "failed";
  /** keepalive events after response.in_progress; they take sequence numbers. @default 0 */
  readonly keepalives?: number;
}

export interface ErrorAnswer {
  readonly error: {
    readonly status: number;
    /** @default the type the API uses for that status */
    readonly type?: string;
    /** @default the reason phrase of the status */
    readonly message?: string;
    /** OpenAI only. @default null */
    readonly code?: string;
    /** OpenAI only. @default null */
    readonly param?: string;
    /** Messages only: `error.details`, such as `{ error_code: "thread_not_found" }`. @default absent */
    readonly details?: Readonly<Record<string, unknown>>;
  };
  readonly headers?: Readonly<Record<string, string>>;
  readonly delivery?: Delivery;
}

export interface RawAnswer {
  readonly raw: {
    /** @default 200 */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    /** Each member of a list is one event for {@link Delivery}. @default empty */
    readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  };
  readonly delivery?: Delivery;
}

/** The parts of an answer's content; a bare string is one text. */
export function partsOf(content: string | readonly Part[]): readonly Part[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

/** The stop reason given, or the one that follows from the parts. */
export function stopOf(stop: Stop | undefined, parts: readonly Part[]): Stop {
  if (stop !== undefined) return stop;
  if (parts.some((part) => part.type === "tool_call" || part.type === "custom_tool_call")) return "tool_use";
  return parts.some((part) => part.type === "refusal") ? "refusal" : "end";
}
