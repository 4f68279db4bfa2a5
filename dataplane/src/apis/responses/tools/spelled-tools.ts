import type { JsonObject } from "../../../json/json-object.ts";

/** In which form an answer comes: providers spell a whole one in other ways than the events of a stream. */
export type AnswerKind = "stream" | "whole";

/** A list that begins with the central tools, as a provider spells it: from its bracket to the last of them. */
export type SpelledTools = Buffer;

const known = new WeakMap<ReadonlySet<string>, Partial<Record<AnswerKind, SpelledTools>>>();

/** How these tools were spelled last; undefined if that was never seen. */
export function spelledTools(toolIds: ReadonlySet<string>, kind: AnswerKind): SpelledTools | undefined {
  return known.get(toolIds)?.[kind];
}

/**
 * Remembers how a response spells the central tools.
 * @param last place of the last central tool in its list of tools; those before it are all central too
 */
export function rememberSpelling(
  toolIds: ReadonlySet<string>,
  kind: AnswerKind,
  response: JsonObject,
  last: number,
): void {
  const list = response.member("tools");
  if (list === undefined) return;
  const { end } = response.array("tools").span(last);
  const spelled = Buffer.from(response.bytes.subarray(list.start, end));
  known.set(toolIds, { ...known.get(toolIds), [kind]: spelled });
}
