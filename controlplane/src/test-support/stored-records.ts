import { uuidv7 } from "@aibridge/proto/channel";
import type {
  Interception,
  InterceptionEnd,
  TokenUsage,
  ToolUsage,
  UserPrompt,
  ValidRecord,
} from "../domain/records.ts";

/** A start as the store takes it. */
export function startRecord(changes: Partial<Interception> = {}): ValidRecord & { kind: "interception" } {
  const value: Interception = {
    id: uuidv7(),
    initiatorId: "alice",
    apiKeyId: "",
    provider: "anthropic",
    providerName: "anthropic",
    model: "m",
    route: "/v1/messages",
    streaming: true,
    startedAt: 1_000_000n,
    client: "Unknown",
    clientSessionId: null,
    userAgent: "",
    correlatingToolCallId: null,
    credentialKind: "centralized",
    credentialHint: "",
    gatewayId: "gw",
    metadata: null,
    ...changes,
  };
  return { kind: "interception", value };
}

/** A real end. */
export function endRecord(
  changes: Partial<InterceptionEnd> = {},
): ValidRecord & { kind: "interception_ended" } {
  const value: InterceptionEnd = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    endedAt: 2_000_000n,
    outcome: "completed",
    provisional: false,
    httpStatus: 200,
    errorType: "",
    errorMessage: "",
    timeToFirstByte: null,
    credentialHint: "",
    upstreamTurns: 1,
    ...changes,
  };
  return { kind: "interception_ended", value };
}

/** Token counts. */
export function tokenUsageRecord(changes: Partial<TokenUsage> = {}): ValidRecord & { kind: "token_usage" } {
  const value: TokenUsage = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    messageId: "",
    inputTokens: 1n,
    outputTokens: 1n,
    cacheReadInputTokens: 0n,
    cacheWriteInputTokens: 0n,
    extraTokenTypes: "{}",
    source: "reported",
    serviceTier: "",
    createdAt: 1n,
    metadata: null,
    ...changes,
  };
  return { kind: "token_usage", value };
}

/** A call of a central tool. */
export function toolUsageRecord(changes: Partial<ToolUsage> = {}): ValidRecord & { kind: "tool_usage" } {
  const value: ToolUsage = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    messageId: "",
    toolCallId: "",
    tool: "read",
    serverUrl: "https://mcp.example.com/mcp",
    input: "{}",
    injected: true,
    invocationError: null,
    duration: null,
    createdAt: 1n,
    metadata: null,
    ...changes,
  };
  return { kind: "tool_usage", value };
}

/** A prompt. */
export function promptRecord(changes: Partial<UserPrompt> = {}): ValidRecord & { kind: "prompt_usage" } {
  const value: UserPrompt = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    messageId: "",
    prompt: "Why?",
    createdAt: 1n,
    metadata: null,
    ...changes,
  };
  return { kind: "prompt_usage", value };
}
