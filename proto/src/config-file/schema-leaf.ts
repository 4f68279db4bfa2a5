import { z } from "zod";
import { nearest } from "../settings/nearest.ts";
import { parseDuration, parseSize } from "../settings/units.ts";

/**
 * One value of the file. `read` returns undefined for what it does not accept; the message then says what was expected,
 * and whoever reports it adds what was found (or does not, if it is a secret).
 */
function leaf<T>(expected: string, read: (value: unknown) => T | undefined) {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result === undefined) {
      context.addIssue({
        code: "custom",
        message: value === undefined ? `is required: ${expected}` : `expected ${expected}`,
      });
      return z.NEVER;
    }
    return result;
  });
}

/** Text with at least one character. */
export function text(expected = "a text that is not empty") {
  return leaf(expected, (value) => asText(value) || undefined);
}

/** Text that may be empty. */
export function anyText() {
  return leaf("a text", asText);
}

/** Text that matches a pattern. */
export function textLike(pattern: RegExp, expected: string) {
  return leaf(expected, (value) => {
    const found = asText(value);
    return found !== undefined && pattern.test(found) ? found : undefined;
  });
}

/** One of a few words, given as word → meaning. */
export function choice<T>(meanings: Readonly<Record<string, T>>) {
  const words = Object.keys(meanings);
  return z.unknown().transform((value, context): T => {
    if (typeof value === "string" && Object.hasOwn(meanings, value)) {
      return meanings[value] as T;
    }
    const guess = typeof value === "string" ? nearest(value, words) : undefined;
    const hint = guess === undefined ? "" : ` (did you mean ${guess}?)`;
    const need = value === undefined ? "is required:" : "expected";
    context.addIssue({ code: "custom", message: `${need} ${words.join(" or ")}${hint}` });
    return z.NEVER;
  });
}

/** true or false; also as text, since that is what an environment variable expands to. */
export function yesNo() {
  return leaf("true or false", (value) => {
    const known: Record<string, boolean> = { true: true, false: false };
    return typeof value === "boolean" ? value : known[String(value)];
  });
}

/** A whole number; also as text, since that is what an environment variable expands to. */
export function wholeNumber(minimum: number, maximum = 2_147_483_647) {
  return leaf(`a whole number from ${minimum} to ${maximum}`, (value) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return Number.isInteger(number) && Number(number) >= minimum && Number(number) <= maximum
      ? Number(number)
      : undefined;
  });
}

/** A span of time above 0, as milliseconds: "10s". */
export function duration() {
  return leaf("a duration such as 250ms, 10s, 5m, 1h or 30d", (value) =>
    typeof value === "string" ? positive(() => parseDuration(value)) : undefined,
  );
}

/** A number of bytes above 0: "32MiB", 1024. */
export function size() {
  return leaf("a size such as 100, 64KiB, 32MiB or 4GiB", (value) =>
    typeof value === "string" || typeof value === "number"
      ? positive(() => parseSize(String(value)))
      : undefined,
  );
}

function positive(parse: () => number): number | undefined {
  try {
    const value = parse();
    return value > 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string | undefined {
  // A number is refused: what YAML made of an unquoted 0123 or 1e5 is no longer what was written.
  return typeof value === "string" ? value : undefined;
}
