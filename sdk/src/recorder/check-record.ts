import {
  InterceptionOutcomeSchema,
  type ModelThought,
  type PromptUsage,
  ThoughtSourceSchema,
  type TokenUsage,
  type ToolUsage,
  UsageSourceSchema,
} from "@aibridge/proto";
import { isUuid } from "@aibridge/proto/channel";
import type { DescEnum } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { RecordBody } from "./record-body.ts";
import { RejectRecord } from "./reject-record.ts";

/** Seconds of 9999-12-31T23:59:59Z: later times have no JSON form, and few databases take them. */
const LAST_SECOND = 253_402_300_799n;

/**
 * Checks what every recorder needs of a record, so that the host's functions need not.
 * @throws RejectRecord naming the member: an id that is no lower-case hyphenated UUID, a time, outcome or source that is
 *   missing, a negative count or span
 */
export function checkRecord(record: RecordBody): void {
  checkId("id", record.value.id);
  switch (record.case) {
    case "interception":
      return checkTime("started_at", record.value.startedAt);
    case "interceptionEnded":
      checkId("interception_id", record.value.interceptionId);
      checkTime("ended_at", record.value.endedAt);
      checkSpan("time_to_first_byte", record.value.timeToFirstByte);
      return checkMember("outcome", InterceptionOutcomeSchema, record.value.outcome);
    case "tokenUsage":
      checkChild(record.value);
      checkCounts(record.value);
      return checkMember("source", UsageSourceSchema, record.value.source);
    case "promptUsage":
      return checkChild(record.value);
    case "toolUsage":
      checkChild(record.value);
      return checkSpan("duration", record.value.duration);
    case "modelThought":
      checkChild(record.value);
      return checkMember("source", ThoughtSourceSchema, record.value.source);
  }
}

/** What token usages, prompts, tool calls and thoughts have in common. */
function checkChild(record: TokenUsage | PromptUsage | ToolUsage | ModelThought): void {
  checkId("interception_id", record.interceptionId);
  checkTime("created_at", record.createdAt);
}

function checkId(member: string, value: string): void {
  if (!isUuid(value)) {
    throw new RejectRecord(`${member} must be a lower-case hyphenated UUID`);
  }
}

function checkTime(member: string, time: Timestamp | undefined): void {
  if (time === undefined) {
    throw new RejectRecord(`${member} is missing`);
  }
  if (time.seconds < 0n || time.seconds > LAST_SECOND || time.nanos < 0 || time.nanos > 999_999_999) {
    throw new RejectRecord(`${member} must be a time from 1970 to 9999`);
  }
}

function checkSpan(member: string, span: Duration | undefined): void {
  if (span !== undefined && (span.seconds < 0n || span.nanos < 0)) {
    throw new RejectRecord(`${member} must not be negative`);
  }
}

/** A member of an enum that must be given. A value of a newer contract could not be named in a store. */
function checkMember(member: string, schema: DescEnum, value: number): void {
  if (value === 0) {
    throw new RejectRecord(`${member} is missing`);
  }
  if (schema.value[value] === undefined) {
    throw new RejectRecord(`${member} has the unknown value ${value}`);
  }
}

function checkCounts(usage: TokenUsage): void {
  const counts = [
    usage.inputTokens,
    usage.outputTokens,
    usage.cacheReadInputTokens,
    usage.cacheWriteInputTokens,
  ];
  if (counts.some((count) => count < 0n)) {
    throw new RejectRecord("token counts must not be negative");
  }
}
