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
import type { RecordBody } from "@aibridge/sdk/recorder";
import { create } from "@bufbuild/protobuf";

const interceptionId = uuidv7();
const at = { seconds: 1_795_348_800n, nanos: 999_999_999 };
const child = () => ({ id: uuidv7(), interceptionId, messageId: "msg_1", createdAt: at });
const metadata = {
  b: { y: [1, 2.5, 1e21, 1e-7, -1.5, 2 ** 53], x: null },
  a: 'Zoë 🎉 "\\/\b\f\n\r\t\u0001\u007f\u2028 <&>',
  "10": true,
  "9": {},
  "\u{1f389}": [],
  "\uffee": "sorted by code points",
};

const start = create(InterceptionSchema, {
  id: interceptionId,
  initiatorId: "alice ",
  clientSessionId: "",
  startedAt: { seconds: 253_402_300_799n, nanos: 1 },
  credentialKind: CredentialKind.UNSPECIFIED,
  metadata,
});

function end(changes: { provisional?: boolean; errorType: string }): RecordBody {
  const outcome = InterceptionOutcome.FAILED;
  const timeToFirstByte = { seconds: 3600n, nanos: 1999 };
  return {
    case: "interceptionEnded",
    value: create(InterceptionEndedSchema, {
      id: uuidv7(),
      interceptionId,
      endedAt: { seconds: 0n, nanos: 0 },
      outcome,
      timeToFirstByte,
      ...changes,
    }),
  };
}

/** Records that are valid, and seldom seen: everything that could come out differently from one language to another. */
export const unusualRecords: readonly RecordBody[] = [
  {
    case: "tokenUsage",
    value: create(TokenUsageSchema, {
      ...child(),
      inputTokens: 2n ** 63n - 1n,
      extraTokenTypes: { "b.c": 2n ** 63n - 1n, "10": 1n, "9": -1n },
      source: UsageSource.MISSING,
      metadata: {},
    }),
  },
  end({ provisional: true, errorType: "orphaned" }),
  { case: "interception", value: start },
  { case: "interception", value: { ...start, initiatorId: "mallory" } },
  {
    case: "promptUsage",
    value: create(PromptUsageSchema, { ...child(), prompt: "a\u0000b\r\n\u2028🎉", metadata }),
  },
  { case: "promptUsage", value: create(PromptUsageSchema, { ...child(), prompt: "x".repeat(1024 * 1024) }) },
  {
    case: "toolUsage",
    value: create(ToolUsageSchema, { ...child(), serverUrl: "", invocationError: "", input: "{not json" }),
  },
  {
    case: "toolUsage",
    value: create(ToolUsageSchema, { ...child(), injected: true, duration: { seconds: 0n, nanos: 0 } }),
  },
  {
    case: "modelThought",
    value: create(ModelThoughtSchema, { ...child(), source: ThoughtSource.COMMENTARY, content: "" }),
  },
  end({ errorType: "the first real one" }),
  end({ errorType: "a second real one" }),
  end({ provisional: true, errorType: "a late provisional one" }),
];

/** Records that every recorder rejects, and the code with which it does. */
export const rejectedRecords: readonly (readonly [RecordBody | { readonly case: undefined }, number])[] = [
  [{ case: undefined }, 12],
  [{ case: "interception", value: { ...start, id: interceptionId.toUpperCase() } }, 3],
  [{ case: "interception", value: create(InterceptionSchema, { id: uuidv7() }) }, 3],
  [
    {
      case: "promptUsage",
      value: create(PromptUsageSchema, { ...child(), interceptionId: interceptionId.replaceAll("-", "") }),
    },
    3,
  ],
  [
    {
      case: "modelThought",
      value: create(ModelThoughtSchema, { id: uuidv7(), interceptionId, source: ThoughtSource.THINKING }),
    },
    3,
  ],
];
