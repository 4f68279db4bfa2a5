import type { DescEnum } from "@bufbuild/protobuf";
import { type Duration, durationMs, type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";

/** A time for people, UTC to the second: "2026-11-22 05:08:00Z"; empty if there is none. */
export function formatTime(time: Timestamp | undefined): string {
  return time === undefined ? "" : `${timestampDate(time).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** A span of time for people: "12 ms", "3.4 s", "2 min 5 s"; empty if there is none. */
export function formatSpan(span: Duration | number | undefined): string {
  if (span === undefined) {
    return "";
  }
  const milliseconds = typeof span === "number" ? span : durationMs(span);
  if (milliseconds < 1000) {
    return `${Math.round(milliseconds)} ms`;
  }
  if (milliseconds < 60_000) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A number with its thousands apart: "1,234,567". */
export function formatCount(count: bigint | number): string {
  return count.toLocaleString("en-US");
}

/** Value of a generated enum for people: formatEnum(UsageSourceSchema, 1) → "reported". */
export function formatEnum(schema: DescEnum, value: number): string {
  const name = schema.value[value]?.localName;
  return name === undefined ? `unknown (${value})` : name.toLowerCase().replaceAll("_", " ");
}
