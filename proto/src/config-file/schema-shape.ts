import { z } from "zod";
import { nearest } from "../settings/nearest.ts";

/**
 * A mapping with a fixed set of keys. An unknown key is an error that names the nearest known one: the message has one
 * line for each of them, in the order of the issue's `keys`.
 */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => unknownKey(key, Object.keys(shape))).join("\n")
        : "expected a mapping of keys to values",
  });
}

/** A list. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item, { error: () => "expected a list" });
}

/** Settings for {@link z.ZodType.superRefine}: check across members even if some of them are wrong. */
export const EVEN_IF_WRONG = { when: () => true };

/**
 * Reports entries of a list that have the name of an earlier one.
 * @param kind what the entries are: "provider"
 */
export function refuseDuplicateNames(kind: string) {
  return (entries: readonly unknown[], context: z.core.$RefinementCtx): void => {
    const seen = new Set<string>();
    if (!Array.isArray(entries)) {
      return;
    }
    for (const [index, entry] of entries.entries()) {
      const name = (entry as { name?: unknown } | null)?.name;
      if (typeof name === "string" && seen.has(name)) {
        context.addIssue({
          code: "custom",
          path: [index, "name"],
          message: `expected a name that no other ${kind} has`,
        });
      } else if (typeof name === "string") {
        seen.add(name);
      }
    }
  };
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return guess === undefined
    ? `unknown key; known here: ${known.join(", ")}`
    : `unknown key; did you mean ${guess}?`;
}
