import { PromptUsageSchema, StreamRecordsRequestSchema } from "@aibridge/proto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { encodeRecord, frameRecord } from "./encode-record.ts";

test.each([1, 127, 128, 16_384, 2 ** 40])("a framed record reads as one with sequence %i", (sequence) => {
  const value = create(PromptUsageSchema, { id: "id", prompt: "x".repeat(300) });
  const request = create(StreamRecordsRequestSchema);
  const data = frameRecord(sequence, encodeRecord({ case: "promptUsage", value }));
  request.$unknown = [{ no: 1, wireType: 2, data }];
  const read = fromBinary(StreamRecordsRequestSchema, toBinary(StreamRecordsRequestSchema, request));
  expect(read.records).toHaveLength(1);
  expect(read.records[0]).toMatchObject({
    sequence: BigInt(sequence),
    record: { case: "promptUsage", value },
  });
});
