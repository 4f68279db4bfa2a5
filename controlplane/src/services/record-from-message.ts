import {
  type Interception,
  type InterceptionEnded,
  InterceptionEndedSchema,
  InterceptionSchema,
  type ModelThought,
  ModelThoughtSchema,
  type PromptUsage,
  PromptUsageSchema,
  type TokenUsage,
  TokenUsageSchema,
  type ToolUsage,
  ToolUsageSchema,
} from "@aibridge/proto";
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { Failure } from "../domain/failure.ts";
import type * as domain from "../domain/records.ts";
import { jsonOfIntegers, jsonOfStruct } from "./json-text.ts";
import { CREDENTIAL_KINDS, OUTCOMES, THOUGHT_SOURCES, USAGE_SOURCES } from "./record-enums.ts";
import {
  checkedCount,
  checkedId,
  checkedIdentity,
  checkedSpan,
  checkedText,
  checkedTime,
  checkedWord,
  firstCharacters,
} from "./record-fields.ts";

/** Largest single record, in bytes of its message. */
export const MAX_RECORD_BYTES = 2 * 1024 * 1024;

/** UTF-8 needs at most three bytes for one UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/** A record of one kind as it came. */
export type RecordMessage =
  | { case: "interception"; value: Interception }
  | { case: "interceptionEnded"; value: InterceptionEnded }
  | { case: "tokenUsage"; value: TokenUsage }
  | { case: "promptUsage"; value: PromptUsage }
  | { case: "toolUsage"; value: ToolUsage }
  | { case: "modelThought"; value: ModelThought };

const SCHEMAS: Readonly<Record<RecordMessage["case"], DescMessage>> = {
  interception: InterceptionSchema,
  interceptionEnded: InterceptionEndedSchema,
  tokenUsage: TokenUsageSchema,
  promptUsage: PromptUsageSchema,
  toolUsage: ToolUsageSchema,
  modelThought: ModelThoughtSchema,
};

/**
 * Checks a record and takes it out of its message.
 * @param gatewayId the gateway that was authenticated; undefined: the one the record claims
 * @throws Failure "invalid_argument" or "out_of_range"; the record can never be stored
 */
export function recordFromMessage(message: RecordMessage, gatewayId: string | undefined): domain.ValidRecord {
  const record = convert(message, gatewayId);
  checkSize(message, record);
  return record;
}

function convert(message: RecordMessage, gatewayId: string | undefined): domain.ValidRecord {
  switch (message.case) {
    case "interception":
      return { kind: "interception", value: interception(message.value, gatewayId) };
    case "interceptionEnded":
      return { kind: "interception_ended", value: interceptionEnd(message.value) };
    case "tokenUsage":
      return { kind: "token_usage", value: tokenUsage(message.value) };
    case "promptUsage":
      return { kind: "prompt_usage", value: { ...child(message.value), prompt: message.value.prompt } };
    case "toolUsage":
      return { kind: "tool_usage", value: toolUsage(message.value) };
    case "modelThought":
      return { kind: "model_thought", value: modelThought(message.value) };
  }
}

/** Sizing a message costs as much as writing it, so it is done only when its texts could be too long at all. */
function checkSize(message: RecordMessage, record: domain.ValidRecord): void {
  let units = 0;
  for (const value of Object.values(record.value)) {
    units += typeof value === "string" ? value.length : 0;
  }
  if (units * MAX_BYTES_PER_UNIT <= MAX_RECORD_BYTES) {
    return;
  }
  const bytes = toBinary(SCHEMAS[message.case], message.value as Message).length;
  if (bytes > MAX_RECORD_BYTES) {
    throw new Failure(
      "out_of_range",
      `the record has ${bytes} bytes, at most ${MAX_RECORD_BYTES} are stored`,
    );
  }
}

function interception(message: Interception, gatewayId: string | undefined): domain.Interception {
  return {
    id: checkedId("id", message.id),
    initiatorId: checkedIdentity("initiator_id", message.initiatorId),
    apiKeyId: message.apiKeyId,
    provider: checkedText("provider", message.provider),
    providerName: checkedText("provider_name", message.providerName),
    model: message.model,
    route: checkedText("route", message.route),
    streaming: message.streaming,
    startedAt: checkedTime("started_at", message.startedAt),
    client: message.client,
    clientSessionId: message.clientSessionId === undefined ? null : firstCharacters(message.clientSessionId),
    userAgent: message.userAgent,
    correlatingToolCallId: message.correlatingToolCallId ?? null,
    credentialKind: CREDENTIAL_KINDS.wordOf(message.credentialKind) ?? "unspecified",
    credentialHint: message.credentialHint,
    gatewayId: gatewayId ?? message.gatewayId,
    metadata: jsonOfStruct(message.metadata),
  };
}

function interceptionEnd(message: InterceptionEnded): domain.InterceptionEnd {
  return {
    id: checkedId("id", message.id),
    interceptionId: checkedId("interception_id", message.interceptionId),
    endedAt: checkedTime("ended_at", message.endedAt),
    outcome: checkedWord("outcome", OUTCOMES, message.outcome),
    provisional: message.provisional,
    httpStatus: checkedCount("http_status", message.httpStatus),
    errorType: message.errorType,
    errorMessage: message.errorMessage,
    timeToFirstByte: checkedSpan("time_to_first_byte", message.timeToFirstByte),
    credentialHint: message.credentialHint,
    upstreamTurns: checkedCount("upstream_turns", message.upstreamTurns),
  };
}

function tokenUsage(message: TokenUsage): domain.TokenUsage {
  return {
    ...child(message),
    inputTokens: checkedCount("input_tokens", message.inputTokens),
    outputTokens: checkedCount("output_tokens", message.outputTokens),
    cacheReadInputTokens: checkedCount("cache_read_input_tokens", message.cacheReadInputTokens),
    cacheWriteInputTokens: checkedCount("cache_write_input_tokens", message.cacheWriteInputTokens),
    extraTokenTypes: jsonOfIntegers(message.extraTokenTypes),
    source: checkedWord("source", USAGE_SOURCES, message.source),
    serviceTier: message.serviceTier,
  };
}

function toolUsage(message: ToolUsage): domain.ToolUsage {
  return {
    ...child(message),
    toolCallId: message.toolCallId,
    tool: message.tool,
    serverUrl: message.serverUrl ?? null,
    input: message.input,
    injected: message.injected,
    invocationError: message.invocationError ?? null,
    duration: checkedSpan("duration", message.duration),
  };
}

function modelThought(message: ModelThought): domain.ModelThought {
  return {
    ...child(message),
    content: message.content,
    source: checkedWord("source", THOUGHT_SOURCES, message.source),
  };
}

/** What token usages, prompts, tool calls and thoughts have in common. */
function child(message: TokenUsage | PromptUsage | ToolUsage | ModelThought) {
  return {
    id: checkedId("id", message.id),
    interceptionId: checkedId("interception_id", message.interceptionId),
    messageId: message.messageId,
    createdAt: checkedTime("created_at", message.createdAt),
    metadata: jsonOfStruct(message.metadata),
  };
}
