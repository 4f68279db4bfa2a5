/**
 * What clients and providers send may be anything: these read one kind of value and take every other for absent.
 */

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The value if it is a JSON object (no array, no null). */
export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonRecord)
    : undefined;
}

/** The value if it is an array, else an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is a string, else "". */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Longest name or id that is kept, in UTF-16 units: records cut them there too. */
const maxNameLength = 1024;

/** The value if it is a string, cut to the length of a name or an id; else "". */
export function asName(value: unknown): string {
  const text = asText(value);
  return text.length <= maxNameLength ? text : text.slice(0, maxNameLength);
}

/** The value if it can be a place in a list: an integer from 0. */
export function asIndex(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
