/**
 * What data planes record, without wire types. Times are microseconds since 1970 (UTC), spans microseconds, ids
 * lower-case hyphenated UUIDs, metadata JSON text; members that may be absent are null.
 */

/** How an interception ended. */
export type Outcome = "completed" | "failed" | "cancelled_by_client" | "rejected";
/** How far the numbers of a TokenUsage can be trusted. */
export type UsageSource = "reported" | "partial" | "missing";
/** What part of an answer a thought was read from. */
export type ThoughtSource = "thinking" | "reasoning_summary" | "reasoning" | "commentary";
/** Whose provider credential paid. */
export type CredentialKind = "unspecified" | "centralized" | "byok";

/** The start of one intercepted request. */
export interface Interception {
  id: string;
  initiatorId: string;
  apiKeyId: string;
  provider: string;
  providerName: string;
  model: string;
  route: string;
  streaming: boolean;
  startedAt: bigint;
  client: string;
  clientSessionId: string | null;
  userAgent: string;
  correlatingToolCallId: string | null;
  credentialKind: CredentialKind;
  credentialHint: string;
  gatewayId: string;
  metadata: string | null;
}

/** The end of one intercepted request. */
export interface InterceptionEnd {
  id: string;
  interceptionId: string;
  endedAt: bigint;
  outcome: Outcome;
  provisional: boolean;
  httpStatus: number;
  errorType: string;
  errorMessage: string;
  timeToFirstByte: bigint | null;
  credentialHint: string;
  upstreamTurns: number;
}

/** Token counts of one upstream response. */
export interface TokenUsage {
  id: string;
  interceptionId: string;
  messageId: string;
  inputTokens: bigint;
  outputTokens: bigint;
  cacheReadInputTokens: bigint;
  cacheWriteInputTokens: bigint;
  /** JSON object of integers by name; the integers may be beyond 2^53. */
  extraTokenTypes: string;
  source: UsageSource;
  serviceTier: string;
  createdAt: bigint;
  metadata: string | null;
}

/** What the user asked. */
export interface UserPrompt {
  id: string;
  interceptionId: string;
  messageId: string;
  prompt: string;
  createdAt: bigint;
  metadata: string | null;
}

/** One tool call of the model. */
export interface ToolUsage {
  id: string;
  interceptionId: string;
  messageId: string;
  toolCallId: string;
  tool: string;
  serverUrl: string | null;
  input: string;
  injected: boolean;
  invocationError: string | null;
  duration: bigint | null;
  createdAt: bigint;
  metadata: string | null;
}

/** One thought of the model. */
export interface ModelThought {
  id: string;
  interceptionId: string;
  messageId: string;
  content: string;
  source: ThoughtSource;
  createdAt: bigint;
  metadata: string | null;
}

/** A record of any kind, by its kind. */
export interface RecordKinds {
  interception: Interception;
  interception_ended: InterceptionEnd;
  token_usage: TokenUsage;
  prompt_usage: UserPrompt;
  tool_usage: ToolUsage;
  model_thought: ModelThought;
}

export type RecordKind = keyof RecordKinds;

/** One record that passed validation and waits to be stored. */
export type ValidRecord = { [K in RecordKind]: { kind: K; value: RecordKinds[K] } }[RecordKind];

/** Everything stored about one interception; lists are oldest first. */
export interface InterceptionDetails {
  interception: Interception;
  /** null while it is under way. */
  ended: InterceptionEnd | null;
  tokenUsages: TokenUsage[];
  userPrompts: UserPrompt[];
  toolUsages: ToolUsage[];
  modelThoughts: ModelThought[];
}
