import { expect, test } from "vitest";
import { checkRecord } from "./check-record.ts";
import type { RecordBody, RecordKind } from "./record-body.ts";
import { oneOfEachKind } from "./test-support/sample-records.ts";

test("records of every kind that have what they need are accepted", () => {
  for (const [kind, value] of Object.entries(oneOfEachKind())) {
    expect(() => checkRecord({ case: kind, value } as RecordBody)).not.toThrow();
  }
});

test.each<[RecordKind, object, string]>([
  ["interception", { id: "019AB3F0-6C1E-7A55-8B9F-0D6C7F1A2B3C" }, "id must be"],
  ["interception", { startedAt: undefined }, "started_at is missing"],
  ["interception", { startedAt: { seconds: -1n, nanos: 0 } }, "started_at must be a time"],
  ["interception", { startedAt: { seconds: 1n << 62n, nanos: 0 } }, "started_at must be a time"],
  ["interceptionEnded", { id: "" }, "id must be"],
  ["interceptionEnded", { interceptionId: "x" }, "interception_id must be"],
  ["interceptionEnded", { endedAt: undefined }, "ended_at is missing"],
  ["interceptionEnded", { outcome: 0 }, "outcome is missing"],
  ["interceptionEnded", { outcome: 9 }, "outcome has the unknown value 9"],
  ["tokenUsage", { interceptionId: "" }, "interception_id must be"],
  ["tokenUsage", { createdAt: { seconds: 0n, nanos: 1_000_000_000 } }, "created_at must be a time"],
  ["tokenUsage", { source: 0 }, "source is missing"],
  ["tokenUsage", { cacheReadInputTokens: -5n }, "token counts must not be negative"],
  ["promptUsage", { createdAt: undefined }, "created_at is missing"],
  ["toolUsage", { interceptionId: "019ab3f06c1e7a558b9f0d6c7f1a2b3c" }, "interception_id must be"],
  ["toolUsage", { duration: { seconds: -1n, nanos: 0 } }, "duration must not be negative"],
  ["interceptionEnded", { timeToFirstByte: { seconds: 0n, nanos: -1 } }, "time_to_first_byte must not"],
  ["modelThought", { source: 0 }, "source is missing"],
])("%s with %o is rejected", (kind, change, message) => {
  const value = { ...oneOfEachKind()[kind], ...change };
  expect(() => checkRecord({ case: kind, value } as RecordBody)).toThrow(message);
});
