import { findMember, findValue } from "../json/find-member.ts";
import type { JsonObject } from "../json/json-object.ts";
import { asText } from "./json-kinds.ts";

/** Where Chat has a tool's name: in the one of these members that the tool has. */
const holders = ["function", "custom"] as const;

/**
 * The name of the tool at `start`, as a request has it or an answer repeats it; "" if it has none. Looks no further than
 * the name, which stands in front of what is long.
 */
export function toolName(bytes: Buffer, start: number, end: number): string {
  return asText(findValue(bytes, start, end, "name"));
}

/** The names of a request's own tools, which each have it in themselves. */
export function toolNames(body: JsonObject): ReadonlySet<string> {
  return namesOf(body, (start) => start);
}

/** The names of the tools of a Chat request. */
export function chatToolNames(body: JsonObject): ReadonlySet<string> {
  return namesOf(body, (start, end) => {
    for (const holder of holders) {
      const at = findMember(body.bytes, start, end, holder);
      if (at !== -1) return at;
    }
    return undefined;
  });
}

/** @param holderOf where the object with the name begins; undefined if the tool has none */
function namesOf(
  body: JsonObject,
  holderOf: (start: number, end: number) => number | undefined,
): ReadonlySet<string> {
  const names = new Set<string>();
  const tools = body.array("tools");
  for (let index = 0; index < tools.length; index += 1) {
    const { start, end } = tools.span(index);
    const holder = holderOf(start, end);
    if (holder !== undefined) names.add(toolName(body.bytes, holder, end));
  }
  return names;
}
