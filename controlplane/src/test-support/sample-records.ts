import {
  CredentialKind,
  InterceptionEndedSchema,
  InterceptionOutcome,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  ThoughtSource,
  TokenUsageSchema,
  ToolUsageSchema,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";

/** When the samples happened. */
export const SAMPLE_TIME = Date.UTC(2026, 10, 22, 12, 0, 0);

const at = (offsetMs: number) => timestampFromMs(SAMPLE_TIME + offsetMs);

/** A start with every member set. */
export function sampleInterception(changes: Partial<MessageInitShape<typeof InterceptionSchema>> = {}) {
  return create(InterceptionSchema, {
    id: uuidv7(),
    initiatorId: "alice",
    apiKeyId: uuidv7(),
    provider: "anthropic",
    providerName: "anthropic-eu",
    model: "claude-sonnet-4-5",
    route: "/v1/messages",
    streaming: true,
    startedAt: at(0),
    client: "Claude Code",
    clientSessionId: "session-1",
    userAgent: "claude-cli/2.1.330 (external, sdk-cli)",
    correlatingToolCallId: "toolu_01",
    credentialKind: CredentialKind.CENTRALIZED,
    credentialHint: "sk-a…4f2c",
    gatewayId: "eu-1",
    metadata: { team: "billing", levels: [1, 2.5, null] },
    ...(changes as object),
  });
}

/** A real end. */
export function sampleEnd(
  interceptionId: string,
  changes: Partial<MessageInitShape<typeof InterceptionEndedSchema>> = {},
) {
  return create(InterceptionEndedSchema, {
    id: uuidv7(),
    interceptionId,
    endedAt: at(5000),
    outcome: InterceptionOutcome.COMPLETED,
    httpStatus: 200,
    timeToFirstByte: { seconds: 0n, nanos: 350_123_000 },
    credentialHint: "sk-a…4f2c",
    upstreamTurns: 1,
    ...(changes as object),
  });
}

/** Token counts with every member set. */
export function sampleTokenUsage(
  interceptionId: string,
  changes: Partial<MessageInitShape<typeof TokenUsageSchema>> = {},
) {
  return create(TokenUsageSchema, {
    id: uuidv7(),
    interceptionId,
    messageId: "msg_01",
    inputTokens: 2095n,
    outputTokens: 503n,
    cacheReadInputTokens: 18_000n,
    cacheWriteInputTokens: 1024n,
    extraTokenTypes: { "cache_creation.ephemeral_5m_input_tokens": 1024n },
    source: UsageSource.REPORTED,
    serviceTier: "standard",
    createdAt: at(4000),
    ...(changes as object),
  });
}

/** A prompt. */
export function samplePrompt(
  interceptionId: string,
  changes: Partial<MessageInitShape<typeof PromptUsageSchema>> = {},
) {
  return create(PromptUsageSchema, {
    id: uuidv7(),
    interceptionId,
    messageId: "msg_01",
    prompt: "Why is the sky blue?",
    createdAt: at(1000),
    ...(changes as object),
  });
}

/** An injected tool call with every member set. */
export function sampleToolUsage(
  interceptionId: string,
  changes: Partial<MessageInitShape<typeof ToolUsageSchema>> = {},
) {
  return create(ToolUsageSchema, {
    id: uuidv7(),
    interceptionId,
    messageId: "msg_01",
    toolCallId: "toolu_02",
    tool: "read_wiki",
    serverUrl: "https://mcp.example.com/mcp",
    input: '{"page":"sky"}',
    injected: true,
    invocationError: "timeout",
    duration: { seconds: 60n, nanos: 1000 },
    createdAt: at(3000),
    ...(changes as object),
  });
}

/** A thought. */
export function sampleThought(
  interceptionId: string,
  changes: Partial<MessageInitShape<typeof ModelThoughtSchema>> = {},
) {
  return create(ModelThoughtSchema, {
    id: uuidv7(),
    interceptionId,
    messageId: "msg_01",
    content: "The user asks about Rayleigh scattering.",
    source: ThoughtSource.THINKING,
    createdAt: at(2000),
    ...(changes as object),
  });
}
