import {
  CredentialKind,
  InterceptionEndedSchema,
  InterceptionOutcome,
  InterceptionSchema,
  PromptUsageSchema,
  TokenUsageSchema,
  ToolUsageSchema,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import type { RecordBody } from "../../dataplane/src/record/recorder.ts";

/** The records of one interception in the groups in which they are written: at its start, with its answer, at its end. */
export interface FiveRecords {
  readonly start: Extract<RecordBody, { case: "interception" }>;
  readonly answer: readonly RecordBody[];
  readonly end: RecordBody;
}

/** Records of a non-stream interception with one tool call: five of about 250 bytes. */
export function fiveRecords(): FiveRecords {
  const interceptionId = uuidv7();
  const createdAt = timestampNow();
  const child = () => ({
    id: uuidv7(),
    interceptionId,
    createdAt,
    messageId: "msg_01XFDUDYJgAACzvnptvVoYEL",
  });
  return {
    start: { case: "interception", value: start(interceptionId) },
    answer: [
      {
        case: "promptUsage",
        value: create(PromptUsageSchema, { ...child(), prompt: "Find out why the build fails. ".repeat(5) }),
      },
      {
        case: "toolUsage",
        value: create(ToolUsageSchema, {
          ...child(),
          tool: "bash",
          toolCallId: "toolu_01A09q90qw90lq917835lq9",
          input: JSON.stringify({ command: "npm test -- --run", description: "Run the tests" }),
        }),
      },
      { case: "tokenUsage", value: usage(child()) },
    ],
    end: {
      case: "interceptionEnded",
      value: create(InterceptionEndedSchema, {
        id: uuidv7(),
        interceptionId,
        endedAt: createdAt,
        outcome: InterceptionOutcome.COMPLETED,
        httpStatus: 200,
        credentialHint: "sk-a…cdef",
        upstreamTurns: 1,
      }),
    },
  };
}

function start(id: string) {
  return create(InterceptionSchema, {
    id,
    initiatorId: "alice",
    apiKeyId: "0192d1a4-5c1e-7cc0-8000-3e0a5b1c2d3e",
    provider: "anthropic",
    providerName: "anthropic",
    model: "claude-opus-5",
    route: "/v1/messages",
    startedAt: timestampNow(),
    client: "Claude Code",
    clientSessionId: "5b0a8e6e-2f7e-4f5e-9a43-4b1d6a0d3c11",
    userAgent: "claude-cli/2.1.330 (external, sdk-cli)",
    credentialKind: CredentialKind.CENTRALIZED,
    credentialHint: "sk-a…cdef",
    gatewayId: "eu-1",
  });
}

function usage(child: { id: string; interceptionId: string }) {
  return create(TokenUsageSchema, {
    ...child,
    inputTokens: 1200n,
    outputTokens: 340n,
    cacheReadInputTokens: 20_000n,
    extraTokenTypes: { "cache_creation.ephemeral_5m_input_tokens": 0n },
    source: UsageSource.REPORTED,
    serviceTier: "standard",
  });
}
