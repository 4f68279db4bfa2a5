import {
  CredentialKindSchema,
  type Interception,
  type InterceptionEnded,
  InterceptionOutcomeSchema,
  type ModelThought,
  type PromptUsage,
  ThoughtSourceSchema,
  type TokenUsage,
  type ToolUsage,
  UsageSourceSchema,
} from "@aibridge/sdk";
import type { RecordBody } from "@aibridge/sdk/recorder";
import type { DescEnum } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { canonicalJson } from "./canonical-json.ts";

/** A value as SQLite takes it. */
export type Column = string | bigint | number | null;

/** Where a record goes: columns by name, in the order of the table. */
export interface Row {
  readonly table: TableName;
  readonly columns: Readonly<Record<string, Column>>;
}

export type TableName =
  | "interceptions"
  | "interception_ends"
  | "token_usages"
  | "prompt_usages"
  | "tool_usages"
  | "model_thoughts";

/** The row of a record. The SDK has checked that ids, times, outcomes and sources are there. */
export function rowOf(record: RecordBody): Row {
  switch (record.case) {
    case "interception":
      return { table: "interceptions", columns: interception(record.value) };
    case "interceptionEnded":
      return { table: "interception_ends", columns: interceptionEnd(record.value) };
    case "tokenUsage":
      return { table: "token_usages", columns: tokenUsage(record.value) };
    case "promptUsage":
      return { table: "prompt_usages", columns: promptUsage(record.value) };
    case "toolUsage":
      return { table: "tool_usages", columns: toolUsage(record.value) };
    case "modelThought":
      return { table: "model_thoughts", columns: modelThought(record.value) };
  }
}

function interception(record: Interception) {
  return {
    id: record.id,
    initiator_id: record.initiatorId,
    api_key_id: record.apiKeyId,
    provider: record.provider,
    provider_name: record.providerName,
    model: record.model,
    route: record.route,
    streaming: Number(record.streaming),
    started_at: micros(record.startedAt),
    client: record.client,
    client_session_id: record.clientSessionId ?? null,
    user_agent: record.userAgent,
    correlating_tool_call_id: record.correlatingToolCallId ?? null,
    credential_kind: enumName(CredentialKindSchema, record.credentialKind),
    credential_hint: record.credentialHint,
    gateway_id: record.gatewayId,
    metadata: canonicalJson(record.metadata ?? {}),
  };
}

function interceptionEnd(record: InterceptionEnded) {
  return {
    interception_id: record.interceptionId,
    id: record.id,
    ended_at: micros(record.endedAt),
    outcome: enumName(InterceptionOutcomeSchema, record.outcome),
    provisional: Number(record.provisional),
    http_status: record.httpStatus,
    error_type: record.errorType,
    error_message: record.errorMessage,
    time_to_first_byte: micros(record.timeToFirstByte),
    credential_hint: record.credentialHint,
    upstream_turns: record.upstreamTurns,
  };
}

function tokenUsage(record: TokenUsage) {
  return {
    ...idsOf(record),
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    cache_read_input_tokens: record.cacheReadInputTokens,
    cache_write_input_tokens: record.cacheWriteInputTokens,
    extra_token_types: canonicalJson(record.extraTokenTypes),
    source: enumName(UsageSourceSchema, record.source),
    service_tier: record.serviceTier,
    ...madeAt(record),
  };
}

function promptUsage(record: PromptUsage) {
  return { ...idsOf(record), prompt: record.prompt, ...madeAt(record) };
}

function toolUsage(record: ToolUsage) {
  return {
    ...idsOf(record),
    tool_call_id: record.toolCallId,
    tool: record.tool,
    server_url: record.serverUrl ?? null,
    input: record.input,
    injected: Number(record.injected),
    invocation_error: record.invocationError ?? null,
    duration: micros(record.duration),
    ...madeAt(record),
  };
}

function modelThought(record: ModelThought) {
  return {
    ...idsOf(record),
    content: record.content,
    source: enumName(ThoughtSourceSchema, record.source),
    ...madeAt(record),
  };
}

type Child = TokenUsage | PromptUsage | ToolUsage | ModelThought;

function idsOf({ id, interceptionId, messageId }: Child) {
  return { id, interception_id: interceptionId, message_id: messageId };
}

function madeAt({ createdAt, metadata }: Child) {
  return { created_at: micros(createdAt), metadata: canonicalJson(metadata ?? {}) };
}

/** Whole microseconds, since 1970 for a time; null if it is absent. */
function micros(value: Timestamp | Duration | undefined): bigint | null {
  return value === undefined ? null : value.seconds * 1_000_000n + BigInt(Math.trunc(value.nanos / 1000));
}

/** "INTERCEPTION_OUTCOME_COMPLETED"; a value that this build does not know is as good as none. */
function enumName(schema: DescEnum, value: number): string {
  return (schema.value[value] ?? schema.value[0])?.name ?? "";
}
