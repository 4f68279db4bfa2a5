import type { GatewayError } from "../errors/gateway-error.ts";
import type { JsonObject } from "../json/json-object.ts";
import type { ObservationSink, ObservedError } from "./observation.ts";
import type { CentralTool, ToolConversation, ToolConversationOptions } from "./tool-conversation.ts";

export type ApiName = "messages" | "chat" | "responses";

/** What a request says, as far as the gateway needs to know it. */
export interface RequestFacts {
  /** `model` as sent. */
  readonly model: string;
  /** True if a stream is asked for (`stream: true`). */
  readonly streaming: boolean;
  /** Text of the last user turn; undefined if the last turn is not the user's or carries tool results alone. */
  readonly prompt: string | undefined;
  /** Call id of the last tool result in the request. */
  readonly correlatingToolCallId: string | undefined;
  /** Messages: `metadata.user_id` as sent (Claude Code keeps its session id in it). */
  readonly metadataUserId: string | undefined;
  /** True if the answer would be kept where other holders of a central key can read it (`background: true`). */
  readonly storedState: boolean;
  /**
   * True if the answer brings its usage without an edit. False only for a Chat stream whose client did not ask for
   * `stream_options.include_usage`.
   */
  readonly includesUsage: boolean;
  /** Responses: true for `generate: false`, a warm-up that has no prompt and often no usage. */
  readonly warmUp: boolean;
}

/** A request body that was read once; the bytes stay as they came. */
export interface ApiRequest {
  readonly bytes: Buffer;
  /** The view on `bytes`, for edits. */
  readonly body: JsonObject;
  readonly facts: RequestFacts;
}

/** What to do with the bytes of one event, as bits. */
export const verdict = {
  /** Pass it on. */
  relay: 0,
  /** Do not show it to the client. */
  hide: 1,
  /** The last event of the answer: nothing but comments may follow. */
  terminal: 2,
} as const;

/** How an answer ended as far as its content says. */
export interface AnswerEnd {
  /**
   * True if nothing is missing at the end: the terminal event came (or what the API takes for one), or the provider's own
   * error event, after which nothing is due.
   */
  readonly complete: boolean;
  /** What the provider reported inside the answer: `event: error`, `response.failed`. */
  readonly error: ObservedError | undefined;
}

/** Watches one streamed answer. It sees every event once, in order, and never changes a byte. */
export interface StreamObserver {
  /**
   * Looks at one event: `bytes[start, end)` are its lines without the blank line that ends it. Reports to the sink what
   * became known; returns `verdict` bits. Never throws on what a provider sends.
   */
  event(bytes: Buffer, start: number, end: number): number;
  /**
   * The answer is over, cleanly or not. Reports what is still due (usage as partial or missing where it is, calls and
   * thoughts as far as they came). Idempotent.
   */
  finish(clean: boolean): AnswerEnd;
  /** The bytes that tell the client of an error after bytes went out, in this API's form. */
  errorEvent(error: GatewayError): Buffer;
}

/** Choices for one answer. */
export interface ObserveOptions {
  /** Hide the usage chunk that only the gateway asked for (Chat streams). */
  readonly hideUsage: boolean;
  /** True where an answer without usage is no gap: report no `missing` usage (warm-ups). */
  readonly usageOptional: boolean;
}

/** One provider API. Everything that differs between APIs is behind this interface. */
export interface Api {
  readonly name: ApiName;
  /** Reads a body. Throws a GatewayError `invalid_json` or `model_required`. */
  readRequest(bytes: Buffer): ApiRequest;
  /** The body with the member that asks for usage added; only called if `facts.includesUsage` is false. */
  addIncludeUsage(request: ApiRequest): Buffer;
  /** Id of the answer, kept by the provider, that the request goes on from. Absent: this API has no such. */
  goesOnFrom?(request: ApiRequest): string | undefined;
  /** Serves the request with central tools; undefined where it gets none, or this API has none yet. */
  withTools(
    request: ApiRequest,
    tools: readonly CentralTool[],
    options?: ToolConversationOptions,
  ): ToolConversation | undefined;
  observeStream(sink: ObservationSink, options: ObserveOptions): StreamObserver;
  /** Reports the facts of a whole JSON answer with status 2xx (bounded by the caller). Never throws. */
  observeAnswer(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerEnd;
  /** Reads the error body of a status >= 400. Never throws. */
  readError(body: Buffer): ObservedError;
  /** The JSON body of an error made by the gateway, in this API's own shape. */
  errorBody(error: GatewayError): string;
}
