import { parseDuration, UsageError } from "@aibridge/proto/settings";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";

const RFC_3339 = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/**
 * A point in time given as "7d" (that long ago) or in RFC 3339 ("2026-11-22T08:00:00Z", or a date alone: its first
 * moment in UTC).
 * @param flag name of the flag, for the error message
 * @throws UsageError
 */
export function parseTime(flag: string, text: string | undefined, now: number): Timestamp | undefined {
  if (text === undefined) {
    return undefined;
  }
  const milliseconds = RFC_3339.test(text) ? Date.parse(text) : now - span(text);
  if (Number.isNaN(milliseconds)) {
    throw new UsageError(
      `--${flag}: expected a span such as 7d or a time such as 2026-11-22T08:00:00Z, found "${text}"`,
    );
  }
  return timestampFromMs(milliseconds);
}

function span(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}
