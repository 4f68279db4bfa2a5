import {
  InterceptionEndedSchema,
  InterceptionSchema,
  ModelThoughtSchema,
  PromptUsageSchema,
  RecordSchema,
  StreamRecordsRequestSchema,
  TokenUsageSchema,
  ToolUsageSchema,
} from "@aibridge/proto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeRecord, frameRecords } from "./encode-record.ts";
import type { RecordBody } from "./recorder.ts";

const text = fc.string({ unit: "binary" }).map((value) => value.toWellFormed());
const int64 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const time = fc.record({ seconds: int64, nanos: fc.nat(999_999_999) });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const metadata = maybe(
  fc.dictionary(
    text.filter((key) => key !== "__proto__"),
    fc.oneof(text, fc.boolean(), fc.nat()),
  ),
);
const enumeration = fc.nat(4);
const child = { id: text, interceptionId: text, messageId: text, createdAt: maybe(time), metadata };

/** Any record of any kind; an absent member is left out, as the gateway does. */
const records: fc.Arbitrary<RecordBody> = fc.oneof(
  fc
    .record({
      id: text,
      initiatorId: text,
      model: text,
      streaming: fc.boolean(),
      startedAt: maybe(time),
      clientSessionId: maybe(text),
      correlatingToolCallId: maybe(text),
      credentialKind: enumeration,
      metadata,
    })
    .map((init) => ({ case: "interception" as const, value: create(InterceptionSchema, given(init)) })),
  fc
    .record({
      id: text,
      endedAt: maybe(time),
      outcome: enumeration,
      provisional: fc.boolean(),
      httpStatus: int32,
      timeToFirstByte: maybe(time),
      upstreamTurns: int32,
    })
    .map((init) => ({
      case: "interceptionEnded" as const,
      value: create(InterceptionEndedSchema, given(init)),
    })),
  fc
    .record({
      ...child,
      inputTokens: int64,
      outputTokens: int64,
      extraTokenTypes: fc.dictionary(
        text.filter((key) => key !== "__proto__"),
        int64,
      ),
      source: enumeration,
      serviceTier: text,
    })
    .map((init) => ({ case: "tokenUsage" as const, value: create(TokenUsageSchema, given(init)) })),
  fc
    .record({ ...child, prompt: text })
    .map((init) => ({ case: "promptUsage" as const, value: create(PromptUsageSchema, given(init)) })),
  fc
    .record({
      ...child,
      toolCallId: text,
      tool: text,
      serverUrl: maybe(text),
      injected: fc.boolean(),
      duration: maybe(time),
    })
    .map((init) => ({ case: "toolUsage" as const, value: create(ToolUsageSchema, given(init)) })),
  fc
    .record({ ...child, content: text, source: enumeration })
    .map((init) => ({ case: "modelThought" as const, value: create(ModelThoughtSchema, given(init)) })),
);

test("any record is encoded as the protobuf runtime does it", () => {
  fc.assert(
    fc.property(records, (record) => {
      const expected = toBinary(RecordSchema, create(RecordSchema, { record }));
      expect(Buffer.from(encodeRecord(record))).toEqual(Buffer.from(expected));
    }),
    { numRuns: 500 },
  );
});

test("framed records read as a batch with their sequences", () => {
  const sequences = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(sequences, records, (numbers, record) => {
      const bytes = encodeRecord(record);
      const request = create(StreamRecordsRequestSchema);
      request.$unknown = [
        { no: 1, wireType: 2, data: frameRecords(numbers.map((sequence) => ({ sequence, bytes }))) },
      ];
      const read = fromBinary(StreamRecordsRequestSchema, toBinary(StreamRecordsRequestSchema, request));
      expect(read.records.map(({ sequence }) => sequence)).toEqual(numbers.map(BigInt));
      for (const one of read.records) expect(one.record).toEqual(fromBinary(RecordSchema, bytes).record);
    }),
  );
});

test("a record that no recorder could take is refused, and harms none after it", () => {
  const huge = create(PromptUsageSchema, { id: "id", prompt: "x".repeat(2 * 1024 * 1024) });
  expect(() => encodeRecord({ case: "promptUsage", value: huge })).toThrow(RangeError);
  const broken = create(InterceptionEndedSchema, { id: "id", httpStatus: 1.5 });
  expect(() => encodeRecord({ case: "interceptionEnded", value: broken })).toThrow();
  const value = create(PromptUsageSchema, { id: "id", prompt: "fine" });
  const read = fromBinary(RecordSchema, encodeRecord({ case: "promptUsage", value }));
  expect(read.record).toEqual({ case: "promptUsage", value });
});

/** The members that are set; typed as anything, since the kinds of record have no common type. */
function given(members: object): never {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
