import type { JsonObject } from "@bufbuild/protobuf";

/** JSON text of a Struct; null if it is absent. */
export function jsonOfStruct(struct: JsonObject | undefined): string | null {
  return struct === undefined ? null : JSON.stringify(struct);
}

export function structOfJson(text: string | null): JsonObject | undefined {
  return text === null ? undefined : JSON.parse(text);
}

/** JSON text of integers by name. JSON.stringify cannot write a bigint; a number would lose digits beyond 2^53. */
export function jsonOfIntegers(integers: Readonly<Record<string, bigint>>): string {
  const members = Object.entries(integers).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${members.join(",")}}`;
}

/** Reads {@link jsonOfIntegers}, every digit of it. */
export function integersOfJson(text: string): Record<string, bigint> {
  const exact = (_name: string, value: unknown, context: { source: string }) =>
    typeof value === "number" ? BigInt(context.source) : value;
  // The types of this TypeScript library do not know the third parameter yet (ECMAScript 2026).
  return JSON.parse(text, exact as (name: string, value: unknown) => unknown);
}
