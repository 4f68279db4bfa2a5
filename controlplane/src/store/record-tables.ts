import type {
  CredentialKind,
  Interception,
  InterceptionEnd,
  ModelThought,
  Outcome,
  RecordKind,
  RecordKinds,
  ThoughtSource,
  TokenUsage,
  ToolUsage,
  UsageSource,
  UserPrompt,
} from "../domain/records.ts";
import {
  type Columns,
  flag,
  int64,
  integer,
  optionalInt64,
  optionalText,
  text,
  uuid,
  word,
} from "./columns.ts";

const interception: Columns<Interception> = {
  id: uuid,
  initiatorId: text,
  apiKeyId: text,
  provider: text,
  providerName: text,
  model: text,
  route: text,
  streaming: flag,
  startedAt: int64,
  client: text,
  clientSessionId: optionalText,
  userAgent: text,
  correlatingToolCallId: optionalText,
  credentialKind: word<CredentialKind>(),
  credentialHint: text,
  gatewayId: text,
  metadata: optionalText,
};

const interceptionEnd: Columns<InterceptionEnd> = {
  id: uuid,
  interceptionId: uuid,
  endedAt: int64,
  outcome: word<Outcome>(),
  provisional: flag,
  httpStatus: integer,
  errorType: text,
  errorMessage: text,
  timeToFirstByte: optionalInt64,
  credentialHint: text,
  upstreamTurns: integer,
};

const tokenUsage: Columns<TokenUsage> = {
  id: uuid,
  interceptionId: uuid,
  messageId: text,
  inputTokens: int64,
  outputTokens: int64,
  cacheReadInputTokens: int64,
  cacheWriteInputTokens: int64,
  extraTokenTypes: text,
  source: word<UsageSource>(),
  serviceTier: text,
  createdAt: int64,
  metadata: optionalText,
};

const userPrompt: Columns<UserPrompt> = {
  id: uuid,
  interceptionId: uuid,
  messageId: text,
  prompt: text,
  createdAt: int64,
  metadata: optionalText,
};

const toolUsage: Columns<ToolUsage> = {
  id: uuid,
  interceptionId: uuid,
  messageId: text,
  toolCallId: text,
  tool: text,
  serverUrl: optionalText,
  input: text,
  injected: flag,
  invocationError: optionalText,
  duration: optionalInt64,
  createdAt: int64,
  metadata: optionalText,
};

const modelThought: Columns<ModelThought> = {
  id: uuid,
  interceptionId: uuid,
  messageId: text,
  content: text,
  source: word<ThoughtSource>(),
  createdAt: int64,
  metadata: optionalText,
};

/** A table and its columns. */
export interface RecordTable<K extends RecordKind> {
  readonly table: RecordTableName;
  readonly columns: Columns<RecordKinds[K]>;
}

export type RecordTableName = "aibridge_interceptions" | "aibridge_interception_ends" | ChildTableName;

/** Tables of which an interception may have many rows. */
export type ChildTableName =
  | "aibridge_token_usages"
  | "aibridge_user_prompts"
  | "aibridge_tool_usages"
  | "aibridge_model_thoughts";

/** The table of each kind of record. Names and columns are public: people query them with SQL. */
export const RECORD_TABLES = {
  interception: { table: "aibridge_interceptions", columns: interception },
  // Ends have a table of their own, so that one that arrives before its start needs no row of empty members.
  interception_ended: { table: "aibridge_interception_ends", columns: interceptionEnd },
  token_usage: { table: "aibridge_token_usages", columns: tokenUsage },
  prompt_usage: { table: "aibridge_user_prompts", columns: userPrompt },
  tool_usage: { table: "aibridge_tool_usages", columns: toolUsage },
  model_thought: { table: "aibridge_model_thoughts", columns: modelThought },
} as const satisfies { [K in RecordKind]: RecordTable<K> };
