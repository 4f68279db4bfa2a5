import { randomBytes } from "node:crypto";
import {
  CredentialKind,
  InterceptionOutcome,
  type RecordSchema,
  StreamRecordsRequestSchema,
  ThoughtSource,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";

type AnyRecord = NonNullable<MessageInitShape<typeof RecordSchema>["record"]>;

const PROMPT = "Please find out why the build fails on the second machine, and say what to change. ".repeat(
  3,
);
const INPUT = JSON.stringify({
  command: "npm test -- --run",
  description: "Run the tests",
  timeout: 120_000,
});
const THOUGHT = "The user wants the failing test to be found first; the log names two candidates. ".repeat(3);

/**
 * Batches of one stream, encoded: the records of as many interceptions as it takes, all six kinds, each with an id of
 * its own. A batch is the binary form of a StreamRecordsRequest.
 */
export function mixedBatches(records: number, perBatch: number): Uint8Array[] {
  const batches: Uint8Array[] = [];
  let waiting: AnyRecord[] = [];
  for (let sequence = 1; sequence <= records; sequence += perBatch) {
    const count = Math.min(perBatch, records - sequence + 1);
    while (waiting.length < count) waiting.push(...recordsOfInterception());
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    const numbered = batch.map((record, index) => ({ sequence: BigInt(sequence + index), record }));
    batches.push(
      toBinary(StreamRecordsRequestSchema, create(StreamRecordsRequestSchema, { records: numbered })),
    );
  }
  return batches;
}

function recordsOfInterception(): AnyRecord[] {
  const interceptionId = uuidv7();
  const now = timestampNow();
  const child = { interceptionId, messageId: `msg_01${randomBytes(11).toString("hex")}`, createdAt: now };
  return [
    { case: "interception", value: start(interceptionId) },
    { case: "promptUsage", value: { ...child, id: uuidv7(), prompt: PROMPT } },
    {
      case: "modelThought",
      value: { ...child, id: uuidv7(), content: THOUGHT, source: ThoughtSource.THINKING },
    },
    {
      case: "toolUsage",
      value: { ...child, id: uuidv7(), toolCallId: `toolu_${interceptionId}`, tool: "Bash", input: INPUT },
    },
    { case: "tokenUsage", value: { ...child, ...tokens(), id: uuidv7() } },
    { case: "interceptionEnded", value: { ...end(), id: uuidv7(), interceptionId, endedAt: now } },
  ];
}

function start(id: string) {
  return {
    id,
    initiatorId: `user-${Number.parseInt(id.slice(-2), 16)}@example.com`,
    apiKeyId: uuidv7(),
    provider: "anthropic",
    providerName: "anthropic-eu",
    model: "claude-sonnet-4-5",
    route: "/v1/messages",
    streaming: true,
    startedAt: timestampNow(),
    client: "Claude Code",
    clientSessionId: uuidv7(),
    userAgent: "claude-cli/2.1.330 (external, sdk-cli)",
    credentialKind: CredentialKind.CENTRALIZED,
    credentialHint: "sk-a…4f2c",
    gatewayId: "bench",
    metadata: { team: "billing" },
  };
}

function tokens() {
  return {
    inputTokens: 2095n,
    outputTokens: 503n,
    cacheReadInputTokens: 18_000n,
    cacheWriteInputTokens: 1024n,
    extraTokenTypes: { "cache_creation.ephemeral_5m_input_tokens": 1024n },
    source: UsageSource.REPORTED,
    serviceTier: "standard",
  };
}

function end() {
  return {
    outcome: InterceptionOutcome.COMPLETED,
    httpStatus: 200,
    timeToFirstByte: { seconds: 1n, nanos: 234_000_000 },
    credentialHint: "sk-a…4f2c",
    upstreamTurns: 1,
  };
}
