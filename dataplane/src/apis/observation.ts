/** What the gateway learns from an upstream answer, API-independent. Texts are raw and unbounded here. */

export type UsageSource = "reported" | "partial" | "missing";

/** Final token counts of one upstream response (DESIGN of records: the four columns are disjoint). */
export interface ObservedUsage {
  /** The provider's id of the response, "" if it gave none. */
  readonly messageId: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly cacheWriteInputTokens: number;
  /** Every other numeric usage member under its dotted path as sent, totals left out. Safe integers >= 0. */
  readonly extra: Readonly<Record<string, number>>;
  readonly source: UsageSource;
  /** "" if the provider gave none. */
  readonly serviceTier: string;
  /** Further facts, such as `{ iteration: 1, model: "…" }` of a compaction iteration. */
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
}

/** One tool call of the model, complete or as far as it came. */
export interface ObservedToolCall {
  readonly messageId: string;
  /** The provider's id of the call, "" if it gave none. */
  readonly callId: string;
  readonly tool: string;
  /** Raw JSON as the model wrote it, or the raw text of a custom tool. */
  readonly input: string;
  /** True for a tool in a toolset or a namespace: another one than the request lists under that name. @default false */
  readonly isQualified?: boolean;
}

export type ThoughtSource = "thinking" | "reasoning_summary" | "reasoning" | "commentary";

/** One thought; never with empty content. */
export interface ObservedThought {
  readonly messageId: string;
  readonly content: string;
  readonly source: ThoughtSource;
}

/** What a provider says of an answer as a whole. */
export interface ObservedAnswer {
  /** The model that gave it, "" if that is not said. */
  readonly model: string;
  /** Why it ended, in the API's own words, one for each choice of a Chat answer; none of an answer that broke off. */
  readonly finishReasons: readonly string[];
}

/** An error that the provider reported, in a body with status >= 400 or inside a stream. */
export interface ObservedError {
  /** The provider's own type or code: "overloaded_error"; "" if unreadable. */
  readonly type: string;
  /** The provider's message; "" if unreadable. */
  readonly message: string;
}

/** Where an observer reports to, in the order of the answer. */
export interface ObservationSink {
  /** The id of the response became known; called at most once a response. */
  message(id: string): void;
  toolCall(call: ObservedToolCall): void;
  thought(thought: ObservedThought): void;
  /** Called once for a 2xx response, plus once for each extra iteration (compaction). */
  usage(usage: ObservedUsage): void;
  /** Called once a response, before its usage, for those who want to know. */
  answered?(answer: ObservedAnswer): void;
}
