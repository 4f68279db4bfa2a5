import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

const MICROS_PER_SECOND = 1_000_000n;
const NANOS_PER_MICRO = 1000;

/** Microseconds since 1970 of a Timestamp; what is finer is cut off. */
export function microsOfTimestamp({ seconds, nanos }: Timestamp): bigint {
  return seconds * MICROS_PER_SECOND + BigInt(Math.floor(nanos / NANOS_PER_MICRO));
}

/** Microseconds of an optional Timestamp, undefined if it is absent. */
export function optionalMicros(timestamp: Timestamp | undefined): bigint | undefined {
  return timestamp === undefined ? undefined : microsOfTimestamp(timestamp);
}

/** @param micros not before 1970 */
export function timestampOfMicros(micros: bigint): Timestamp {
  return create(TimestampSchema, secondsAndNanos(micros));
}

/** Timestamp of an optional time, undefined if it is null. */
export function optionalTimestamp(micros: bigint | null): Timestamp | undefined {
  return micros === null ? undefined : timestampOfMicros(micros);
}

/** Microseconds of a Duration; what is finer is cut off. */
export function microsOfDuration({ seconds, nanos }: Duration): bigint {
  return seconds * MICROS_PER_SECOND + BigInt(Math.trunc(nanos / NANOS_PER_MICRO));
}

/** @param micros not negative */
export function durationOfMicros(micros: bigint): Duration {
  return create(DurationSchema, secondsAndNanos(micros));
}

/** Duration of an optional span, undefined if it is null. */
export function optionalDuration(micros: bigint | null): Duration | undefined {
  return micros === null ? undefined : durationOfMicros(micros);
}

function secondsAndNanos(micros: bigint): { seconds: bigint; nanos: number } {
  return {
    seconds: micros / MICROS_PER_SECOND,
    nanos: Number(micros % MICROS_PER_SECOND) * NANOS_PER_MICRO,
  };
}
