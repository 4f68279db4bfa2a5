import {
  type GetInterceptionResponse,
  GetInterceptionResponseSchema,
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
import { create } from "@bufbuild/protobuf";
import type * as domain from "../domain/records.ts";
import { integersOfJson, structOfJson } from "./json-text.ts";
import { CREDENTIAL_KINDS, OUTCOMES, THOUGHT_SOURCES, USAGE_SOURCES } from "./record-enums.ts";
import { optionalDuration, timestampOfMicros } from "./times.ts";

/** Everything stored about an interception as a message. */
export function detailsMessage(details: domain.InterceptionDetails): GetInterceptionResponse {
  return create(GetInterceptionResponseSchema, {
    interception: interceptionMessage(details.interception),
    ended: details.ended ? endMessage(details.ended) : undefined,
    tokenUsages: details.tokenUsages.map(tokenUsageMessage),
    promptUsages: details.userPrompts.map(promptMessage),
    toolUsages: details.toolUsages.map(toolUsageMessage),
    modelThoughts: details.modelThoughts.map(thoughtMessage),
  });
}

function interceptionMessage(value: domain.Interception): Interception {
  const { startedAt, clientSessionId, correlatingToolCallId, credentialKind, metadata, ...rest } = value;
  return create(InterceptionSchema, {
    ...rest,
    startedAt: timestampOfMicros(startedAt),
    credentialKind: CREDENTIAL_KINDS.numberOf(credentialKind),
    clientSessionId: clientSessionId ?? undefined,
    correlatingToolCallId: correlatingToolCallId ?? undefined,
    metadata: structOfJson(metadata),
  });
}

function endMessage(value: domain.InterceptionEnd): InterceptionEnded {
  const { endedAt, outcome, timeToFirstByte, ...rest } = value;
  return create(InterceptionEndedSchema, {
    ...rest,
    endedAt: timestampOfMicros(endedAt),
    outcome: OUTCOMES.numberOf(outcome),
    timeToFirstByte: optionalDuration(timeToFirstByte),
  });
}

function tokenUsageMessage(value: domain.TokenUsage): TokenUsage {
  const { createdAt, metadata, extraTokenTypes, source, ...rest } = value;
  return create(TokenUsageSchema, {
    ...rest,
    ...common(createdAt, metadata),
    extraTokenTypes: integersOfJson(extraTokenTypes),
    source: USAGE_SOURCES.numberOf(source),
  });
}

function promptMessage(value: domain.UserPrompt): PromptUsage {
  const { createdAt, metadata, ...rest } = value;
  return create(PromptUsageSchema, { ...rest, ...common(createdAt, metadata) });
}

function toolUsageMessage(value: domain.ToolUsage): ToolUsage {
  const { createdAt, metadata, serverUrl, invocationError, duration, ...rest } = value;
  return create(ToolUsageSchema, {
    ...rest,
    ...common(createdAt, metadata),
    serverUrl: serverUrl ?? undefined,
    invocationError: invocationError ?? undefined,
    duration: optionalDuration(duration),
  });
}

function thoughtMessage(value: domain.ModelThought): ModelThought {
  const { createdAt, metadata, source, ...rest } = value;
  return create(ModelThoughtSchema, {
    ...rest,
    ...common(createdAt, metadata),
    source: THOUGHT_SOURCES.numberOf(source),
  });
}

function common(createdAt: bigint, metadata: string | null) {
  return { createdAt: timestampOfMicros(createdAt), metadata: structOfJson(metadata) };
}
