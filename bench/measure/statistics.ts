/** The smallest of the values. Throws a RangeError if there is none. */
export function minimum(values: readonly number[]): number {
  return percentile(values, 0);
}

/** The middle value; of an even number of values the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * The value below or at which `share` (0 to 1) of the values lie, by the nearest-rank method: always one of the
 * values. Throws a RangeError if there is none.
 */
export function percentile(values: readonly number[] | Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError("no values to take a percentile of");
  return value;
}
