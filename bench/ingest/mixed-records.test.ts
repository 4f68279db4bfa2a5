import { StreamRecordsRequestSchema } from "@aibridge/proto";
import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { mixedBatches } from "./mixed-records.ts";

test("batches hold as many records as asked for, numbered through, each with an id of its own", () => {
  const batches = mixedBatches(1000, 256).map(
    (bytes) => fromBinary(StreamRecordsRequestSchema, bytes).records,
  );
  expect(batches.map((records) => records.length)).toEqual([256, 256, 256, 232]);
  const records = batches.flat();
  expect(records.map(({ sequence }) => Number(sequence))).toEqual(
    Array.from(records, (_, index) => index + 1),
  );
  expect(new Set(records.map(({ record }) => record.value?.id)).size).toBe(1000);
  expect(new Set(records.map(({ record }) => record.case)).size).toBe(6);
});
