import { CredentialKind, InterceptionOutcome, RecordSchema, UsageSource } from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Requirement } from "../requirement.ts";
import {
  interception,
  interceptionEnded,
  manyRecords,
  modelThought,
  promptUsage,
  type RecordBody,
  tokenUsage,
  toolUsage,
} from "../sample-records.ts";
import { AWKWARD_TEXT, LARGE_PROMPT } from "./awkward-content.ts";

const MIB = 1024 * 1024;
const BATCH_RECORDS = 256;
/** Room that the other members of a record take. */
const MEMBERS_BYTES = 1024;

/** Whatever clients, models and clocks produce is taken, up to the sizes of the contract. */
export const contentRequirements: readonly Requirement[] = [
  {
    id: "REC-61",
    sentence: "A prompt of 1 MiB is stored.",
    needs: [],
    check: (trial) => trial.storeEachWay(() => withStart((id) => promptUsage(id, { prompt: LARGE_PROMPT }))),
  },
  {
    id: "REC-62",
    sentence: "A record of nearly 2 MiB is stored.",
    needs: [],
    check: (trial) =>
      trial.storeEachWay(() =>
        withStart((id) => modelThought(id, { content: "t".repeat(2 * MIB - MEMBERS_BYTES) })),
      ),
  },
  {
    id: "REC-63",
    sentence: `A batch of ${BATCH_RECORDS} records is stored.`,
    needs: ["stream"],
    check: (trial) => trial.storeByStream(manyRecords(BATCH_RECORDS)),
  },
  {
    id: "REC-64",
    sentence: "A batch of 1 MiB is stored.",
    needs: ["stream"],
    check: (trial) => trial.storeByStream(largeBatch()),
  },
  {
    id: "REC-65",
    sentence:
      "Text is text, whatever it holds: NUL and other control characters, U+FFFD, noncharacters, tool input that is no JSON.",
    needs: [],
    check: (trial) => trial.storeEachWay(awkwardRecords),
  },
  {
    id: "REC-66",
    sentence: "Records with every optional member absent and every empty text are stored.",
    needs: [],
    check: (trial) => trial.storeEachWay(bareRecords),
  },
  {
    id: "REC-67",
    sentence: "Clocks that are decades off are no reason to refuse a record.",
    needs: [],
    check: (trial) =>
      trial.storeEachWay(() => [...recordsAt(Date.UTC(1971, 0, 1)), ...recordsAt(Date.UTC(2200, 0, 1))]),
  },
  {
    id: "REC-68",
    sentence: "Counts beyond 2^53, extra token types of any name and long spans are stored.",
    needs: [],
    check: (trial) => trial.storeEachWay(extremeNumbers),
  },
];

function withStart(make: (interceptionId: string) => RecordBody): RecordBody[] {
  const id = uuidv7();
  return [interception({ id }), make(id)];
}

/** As many records as one batch may hold, and as many bytes. */
function largeBatch(): RecordBody[] {
  const id = uuidv7();
  const start = interception({ id });
  const inputBytes =
    Math.floor((MIB - sizeOf(start)) / (BATCH_RECORDS - 1)) - sizeOf(toolUsage(id, { input: "" }));
  const input = JSON.stringify("i".repeat(inputBytes - 2));
  const calls = Array.from({ length: BATCH_RECORDS - 1 }, () => toolUsage(id, { input }));
  return [start, ...calls];
}

/** Bytes that a record takes in its batch, beside its sequence. */
function sizeOf(record: RecordBody): number {
  return toBinary(RecordSchema, create(RecordSchema, { record })).length;
}

/** Every member that clients, models and providers fill freely. */
function awkwardRecords(): RecordBody[] {
  const id = uuidv7();
  const text = AWKWARD_TEXT;
  return [
    interception({
      id,
      model: text,
      clientSessionId: text,
      userAgent: text,
      correlatingToolCallId: text,
      metadata: { [text]: text },
    }),
    promptUsage(id, { messageId: text, prompt: text }),
    modelThought(id, { messageId: text, content: text }),
    toolUsage(id, { messageId: text, toolCallId: text, tool: text, input: text, invocationError: text }),
    tokenUsage(id, { messageId: text, serviceTier: text, extraTokenTypes: { [text]: 1n } }),
    interceptionEnded(id, { errorType: text, errorMessage: text }),
  ];
}

function bareRecords(): RecordBody[] {
  const id = uuidv7();
  const bare = { messageId: "", metadata: undefined };
  return [
    interception({
      id,
      apiKeyId: "",
      model: "",
      streaming: false,
      client: "Unknown",
      clientSessionId: undefined,
      userAgent: "",
      correlatingToolCallId: undefined,
      credentialKind: CredentialKind.UNSPECIFIED,
      credentialHint: "",
      metadata: undefined,
    }),
    promptUsage(id, { ...bare, prompt: "" }),
    modelThought(id, { ...bare, content: "" }),
    toolUsage(id, {
      ...bare,
      toolCallId: "",
      serverUrl: undefined,
      input: "",
      injected: false,
      invocationError: undefined,
      duration: undefined,
    }),
    tokenUsage(id, {
      ...bare,
      inputTokens: 0n,
      outputTokens: 0n,
      cacheReadInputTokens: 0n,
      cacheWriteInputTokens: 0n,
      extraTokenTypes: {},
      source: UsageSource.MISSING,
      serviceTier: "",
    }),
    interceptionEnded(id, {
      outcome: InterceptionOutcome.REJECTED,
      httpStatus: 0,
      errorType: "",
      errorMessage: "",
      timeToFirstByte: undefined,
      credentialHint: "",
      upstreamTurns: 0,
    }),
  ];
}

function recordsAt(milliseconds: number): RecordBody[] {
  const id = uuidv7();
  const createdAt = timestampFromMs(milliseconds);
  return [
    interception({ id, startedAt: createdAt }),
    promptUsage(id, { createdAt }),
    modelThought(id, { createdAt }),
    toolUsage(id, { createdAt }),
    tokenUsage(id, { createdAt }),
    interceptionEnded(id, { endedAt: createdAt }),
  ];
}

function extremeNumbers(): RecordBody[] {
  const id = uuidv7();
  const count = 2n ** 53n + 1n;
  const days = { seconds: 30n * 86_400n, nanos: 999_999_000 };
  return [
    interception({ id, metadata: { huge: 1e300, tiny: -1e-300, nested: [[[[[{ deep: [null] }]]]]] } }),
    tokenUsage(id, {
      inputTokens: count,
      outputTokens: count,
      cacheReadInputTokens: count,
      cacheWriteInputTokens: count,
      extraTokenTypes: { "a.b[0].ü": count, "": 1n, none: 0n },
    }),
    toolUsage(id, { duration: days }),
    interceptionEnded(id, { httpStatus: 999, timeToFirstByte: days, upstreamTurns: 1_000_000 }),
  ];
}
