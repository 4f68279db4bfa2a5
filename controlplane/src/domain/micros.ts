const MICROS_PER_MILLI = 1000n;

/** Tells the time in milliseconds since 1970; a parameter so that tests decide what time it is. */
export type Clock = () => number;

/** Milliseconds since 1970 (or a span of them) as microseconds. */
export function microsOfMillis(millis: number): bigint {
  return BigInt(Math.round(millis)) * MICROS_PER_MILLI;
}

/** Microseconds since 1970 (or a span of them) as milliseconds, rounded down. */
export function millisOfMicros(micros: bigint): number {
  return Number(micros / MICROS_PER_MILLI);
}
