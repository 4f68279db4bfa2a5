/**
 * A scripted AI provider for tests and trials: an HTTP server on loopback that speaks Anthropic Messages, OpenAI Chat
 * Completions and OpenAI Responses, streaming and not, and answers what it is told.
 *
 * Layout: `answer.ts` says what can be answered, `parts.ts` has short ways to write it; `messages/`, `chat/` and
 * `responses/` write an answer down in the form of their API; `render.ts` picks one; `delivery.ts` sends the bytes
 * whole or in pieces, late, or cut short; `strict.ts` and the `rules.ts` of each API are what a strict provider refuses;
 * `scripted-provider.ts` is the server.
 *
 * @example
 * await using provider = await startScriptedProvider();
 * provider.next(
 *   { content: [text("Let me look."), toolCall("read_file", { path: "a.txt" })], usage: { input: 90, output: 12 } },
 *   { content: "It is empty.", delivery: { cutEvery: 1 } },
 *   rateLimited(2),
 * );
 * // … point a client at provider.url, then:
 * await provider.settled();
 * assert.equal(provider.totals.answers, 2);
 */

export type {
  ChatDetails,
  CustomToolCallPart,
  ErrorAnswer,
  Failure,
  McpCallPart,
  MessagesDetails,
  ModelAnswer,
  NativePart,
  Part,
  ProviderAnswer,
  RawAnswer,
  RedactedThinkingPart,
  RefusalPart,
  ResponsesDetails,
  Stop,
  TextPart,
  ThinkingPart,
  ToolCallPart,
  Usage,
  UsageIteration,
  WebSearchPart,
} from "./answer.ts";
export { defaultScript } from "./default-script.ts";
export type { Delivery, Rendering, Stall, Truncation } from "./delivery.ts";
export {
  customToolCall,
  httpError,
  mcpCall,
  overloaded,
  rateLimited,
  redirect,
  refusal,
  text,
  thinking,
  toolCall,
  webSearch,
} from "./parts.ts";
export { type ModelApi, type RenderedAnswer, renderAnswer } from "./render.ts";
export type { ProviderRequest, RequestKind, RequestState } from "./request.ts";
export {
  type Script,
  type ScriptedProvider,
  type ScriptedProviderOptions,
  startScriptedProvider,
} from "./scripted-provider.ts";
export { StrictRules } from "./strict.ts";
export type { Totals } from "./totals.ts";
export type { FullUsage } from "./usage.ts";
