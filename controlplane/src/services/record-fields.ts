import { isUuid } from "@aibridge/proto/channel";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { Failure } from "../domain/failure.ts";
import type { EnumWords } from "./enum-words.ts";
import { microsOfDuration, microsOfTimestamp } from "./times.ts";

/** Seconds of 9999-12-31T23:59:59Z: later times have no JSON form. */
const LAST_SECOND = 253_402_300_799n;
/** Longest Duration that has a JSON form, 10,000 years. */
const LONGEST_SECONDS = 315_576_000_000n;
const NANOS_PER_SECOND = 1_000_000_000;
/** Longest text that the store keeps in an index, in characters. */
const MAX_INDEXED_CHARACTERS = 255;

/** A member that must be a UUID. @throws Failure "invalid_argument" */
export function checkedId(member: string, value: string): string {
  if (!isUuid(value)) {
    throw invalid(`${member} must be a lower-case hyphenated UUID`);
  }
  return value;
}

/** A member that must not be empty. @throws Failure "invalid_argument" */
export function checkedText(member: string, value: string): string {
  if (value === "") {
    throw invalid(`${member} is missing`);
  }
  return value;
}

/**
 * An identity: it must not be empty, nor longer than an index takes. It is not cut, or two of them could become one.
 * @throws Failure "invalid_argument" or "out_of_range"
 */
export function checkedIdentity(member: string, value: string): string {
  if (firstCharacters(checkedText(member, value)) !== value) {
    throw new Failure("out_of_range", `${member} has more than ${MAX_INDEXED_CHARACTERS} characters`);
  }
  return value;
}

/** As much of a text as an index takes. For what clients choose: a long one is no reason to lose the record. */
export function firstCharacters(value: string): string {
  return value.length <= MAX_INDEXED_CHARACTERS
    ? value
    : [...value].slice(0, MAX_INDEXED_CHARACTERS).join("");
}

/** A time that must be there, from 1970 to 9999, in microseconds. @throws Failure "invalid_argument" */
export function checkedTime(member: string, value: Timestamp | undefined): bigint {
  if (value === undefined) {
    throw invalid(`${member} is missing`);
  }
  const { seconds, nanos } = value;
  if (seconds < 0n || seconds > LAST_SECOND || nanos < 0 || nanos >= NANOS_PER_SECOND) {
    throw invalid(`${member} must be a time from 1970 to 9999`);
  }
  return microsOfTimestamp(value);
}

/** A span that may be absent but not negative, in microseconds. @throws Failure "invalid_argument" */
export function checkedSpan(member: string, value: Duration | undefined): bigint | null {
  if (value === undefined) {
    return null;
  }
  const { seconds, nanos } = value;
  if (seconds < 0n || seconds > LONGEST_SECONDS || nanos < 0 || nanos >= NANOS_PER_SECOND) {
    throw invalid(`${member} must be a span of time that is not negative`);
  }
  return microsOfDuration(value);
}

/** A number that must not be negative. @throws Failure "invalid_argument" */
export function checkedCount<T extends number | bigint>(member: string, value: T): T {
  if (value < 0) {
    throw invalid(`${member} must not be negative`);
  }
  return value;
}

/** A member of an enum that must be given. @throws Failure "invalid_argument" */
export function checkedWord<T extends string>(member: string, words: EnumWords<T>, value: number): T {
  const word = value === 0 ? undefined : words.wordOf(value);
  if (word === undefined) {
    throw invalid(value === 0 ? `${member} is missing` : `${member} has the unknown value ${value}`);
  }
  return word;
}

function invalid(message: string): Failure {
  return new Failure("invalid_argument", message);
}
