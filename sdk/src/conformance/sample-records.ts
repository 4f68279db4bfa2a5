import {
  CredentialKind,
  InterceptionEndedSchema,
  InterceptionOutcome,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  type Record as RecordInStream,
  ThoughtSource,
  TokenUsageSchema,
  ToolUsageSchema,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, type DescMessage, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";

/** Whom every sample says it is from, so that samples are easy to tell from real records, and to delete. */
export const SAMPLE_ACTOR = "aibridge-conformance";

/** A record of one of the six kinds. */
export type RecordBody = Exclude<RecordInStream["record"], { case: undefined }>;
/** A kind of record, by its name in messages. */
export type RecordKind = RecordBody["case"];

/** Members that a sample shall have instead of its own. */
type Changes<Schema extends DescMessage> = Omit<Partial<MessageInitShape<Schema>>, "$typeName" | "$unknown">;

/** A start with every member set. */
export function interception(changes: Changes<typeof InterceptionSchema> = {}): RecordBody {
  const value = create(InterceptionSchema, {
    id: uuidv7(),
    initiatorId: SAMPLE_ACTOR,
    apiKeyId: uuidv7(),
    provider: "anthropic",
    providerName: SAMPLE_ACTOR,
    model: "claude-sonnet-4-5",
    route: "/v1/messages",
    streaming: true,
    startedAt: timestampFromMs(Date.now()),
    client: "Claude Code",
    clientSessionId: uuidv7(),
    userAgent: "claude-cli/2.1.330 (external, sdk-cli)",
    correlatingToolCallId: "toolu_01A09q90qw90lq917835lq9",
    credentialKind: CredentialKind.CENTRALIZED,
    credentialHint: "sk-a…4f2c",
    gatewayId: SAMPLE_ACTOR,
    metadata: sampleMetadata(),
    ...changes,
  });
  return { case: "interception", value };
}

/** A real end with every member set. */
export function interceptionEnded(
  interceptionId: string,
  changes: Changes<typeof InterceptionEndedSchema> = {},
): RecordBody {
  const value = create(InterceptionEndedSchema, {
    id: uuidv7(),
    interceptionId,
    endedAt: timestampFromMs(Date.now()),
    outcome: InterceptionOutcome.FAILED,
    httpStatus: 502,
    errorType: "upstream_truncated",
    errorMessage: "the provider closed the stream before its last event",
    timeToFirstByte: { seconds: 1n, nanos: 250_000_000 },
    credentialHint: "sk-a…9e1b",
    upstreamTurns: 2,
    ...changes,
  });
  return { case: "interceptionEnded", value };
}

/** Token counts with every member set. */
export function tokenUsage(
  interceptionId: string,
  changes: Changes<typeof TokenUsageSchema> = {},
): RecordBody {
  const value = create(TokenUsageSchema, {
    ...child(interceptionId),
    inputTokens: 2095n,
    outputTokens: 503n,
    cacheReadInputTokens: 18_000n,
    cacheWriteInputTokens: 1024n,
    extraTokenTypes: { "output_tokens_details.reasoning_tokens": 320n },
    source: UsageSource.REPORTED,
    serviceTier: "standard",
    ...changes,
  });
  return { case: "tokenUsage", value };
}

/** A prompt. */
export function promptUsage(
  interceptionId: string,
  changes: Changes<typeof PromptUsageSchema> = {},
): RecordBody {
  const value = create(PromptUsageSchema, {
    ...child(interceptionId),
    prompt: "Why is the sky blue?",
    ...changes,
  });
  return { case: "promptUsage", value };
}

/** An injected tool call with every member set. */
export function toolUsage(interceptionId: string, changes: Changes<typeof ToolUsageSchema> = {}): RecordBody {
  const value = create(ToolUsageSchema, {
    ...child(interceptionId),
    toolCallId: "toolu_02",
    tool: "read_wiki",
    serverUrl: "https://mcp.example.com/mcp",
    input: '{"page":"sky"}',
    injected: true,
    invocationError: "timeout",
    duration: { seconds: 60n, nanos: 1000 },
    ...changes,
  });
  return { case: "toolUsage", value };
}

/** A thought. */
export function modelThought(
  interceptionId: string,
  changes: Changes<typeof ModelThoughtSchema> = {},
): RecordBody {
  const value = create(ModelThoughtSchema, {
    ...child(interceptionId),
    content: "The user asks about Rayleigh scattering.",
    source: ThoughtSource.THINKING,
    ...changes,
  });
  return { case: "modelThought", value };
}

/** The six records of one interception, in the order in which a data plane makes them. */
export function wholeInterception(): RecordBody[] {
  const id = uuidv7();
  return [
    interception({ id }),
    promptUsage(id),
    modelThought(id),
    toolUsage(id),
    tokenUsage(id),
    interceptionEnded(id),
  ];
}

/** `count` records: whole interceptions, the last one perhaps without its end. */
export function manyRecords(count: number): RecordBody[] {
  return Array.from({ length: Math.ceil(count / 6) }, wholeInterception)
    .flat()
    .slice(0, count);
}

/** What all kinds but the start and the end have in common. */
function child(interceptionId: string) {
  return {
    id: uuidv7(),
    interceptionId,
    messageId: "msg_01XFDUDYJgAACzvnptvVoYEL",
    createdAt: timestampFromMs(Date.now()),
    metadata: sampleMetadata(),
  };
}

/** Every kind of JSON value. */
function sampleMetadata(): JsonObject {
  return { team: "Büro", levels: [1, 2.5, null, { deep: true }], empty: {} };
}
