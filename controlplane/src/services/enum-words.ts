import type { GenEnum } from "@bufbuild/protobuf/codegenv2";

/** Translates between the numbers of an enum and the words it is stored as. */
export interface EnumWords<T extends string, E extends number = number> {
  /** The word of a number, undefined for a number this version does not know. */
  wordOf(value: number): T | undefined;
  numberOf(word: T): E;
}

/**
 * Words of an enum: its value names in lower case without their common prefix,
 * INTERCEPTION_OUTCOME_CANCELLED_BY_CLIENT → "cancelled_by_client".
 */
export function enumWords<T extends string, E extends number>(schema: GenEnum<E>): EnumWords<T, E> {
  const prefix = schema.sharedPrefix ?? "";
  const words = new Map<number, T>();
  const numbers = new Map<string, number>();
  for (const { name, number } of schema.values) {
    const word = name.toLowerCase().slice(prefix.length) as T;
    words.set(number, word);
    numbers.set(word, number);
  }
  return {
    wordOf: (value) => words.get(value),
    numberOf: (word) => (numbers.get(word) ?? 0) as E,
  };
}
