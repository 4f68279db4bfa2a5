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
} from "@aibridge/sdk";
import type { RecordBody } from "@aibridge/sdk/recorder";
import { create } from "@bufbuild/protobuf";

const interceptionId = "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c";
const idOf = (number: number) => `019ab3f0-6c1e-7a55-8b9f-00000000000${number}`;
const noon = { seconds: 1_795_348_800n, nanos: 123_456_789 };
const child = (number: number) => ({
  id: idOf(number),
  interceptionId,
  messageId: "msg_1",
  createdAt: noon,
});

/** Start of an interception with every member set. */
export const interception = {
  case: "interception",
  value: create(InterceptionSchema, {
    id: interceptionId,
    initiatorId: "alice",
    apiKeyId: "key-1",
    provider: "anthropic",
    providerName: "anthropic-eu",
    model: "claude-sonnet-4-5",
    route: "/v1/messages",
    streaming: true,
    startedAt: noon,
    client: "Claude Code",
    clientSessionId: "session-1",
    userAgent: "claude-cli/2.1.330",
    correlatingToolCallId: "toolu_1",
    credentialKind: CredentialKind.CENTRALIZED,
    credentialHint: "sk-a…4f2c",
    gatewayId: "eu-1",
    metadata: { team: "Zoë", "10": 1, "9": [2.5, { b: null, a: true }] },
  }),
} satisfies RecordBody;

/** Its end, as the data plane tells it. */
export const realEnd = {
  case: "interceptionEnded",
  value: create(InterceptionEndedSchema, {
    id: idOf(1),
    interceptionId,
    endedAt: noon,
    outcome: InterceptionOutcome.COMPLETED,
    httpStatus: 200,
    timeToFirstByte: { seconds: 1n, nanos: 2_500 },
    upstreamTurns: 1,
  }),
} satisfies RecordBody;

/** Its end, as somebody made it up who waited too long. */
export const provisionalEnd = {
  case: "interceptionEnded",
  value: create(InterceptionEndedSchema, {
    id: idOf(2),
    interceptionId,
    endedAt: noon,
    outcome: InterceptionOutcome.FAILED,
    provisional: true,
    errorType: "orphaned",
  }),
} satisfies RecordBody;

/** One record of each further kind. */
export const children: readonly RecordBody[] = [
  {
    case: "tokenUsage",
    value: create(TokenUsageSchema, {
      ...child(3),
      inputTokens: 1n << 62n,
      extraTokenTypes: { b: 2n, a: 1n },
      source: UsageSource.REPORTED,
    }),
  },
  { case: "promptUsage", value: create(PromptUsageSchema, { ...child(4), prompt: "why?\u0000" }) },
  {
    case: "toolUsage",
    value: create(ToolUsageSchema, { ...child(5), tool: "Bash", input: '{"a": 1}', injected: true }),
  },
  {
    case: "modelThought",
    value: create(ModelThoughtSchema, { ...child(6), content: "hm", source: ThoughtSource.THINKING }),
  },
];
