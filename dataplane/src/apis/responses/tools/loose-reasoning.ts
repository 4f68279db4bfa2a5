import { findMember, findValue } from "../../../json/find-member.ts";
import type { JsonArray, JsonObject } from "../../../json/json-object.ts";
import { asText } from "../../json-kinds.ts";

/** What an item of an input is to a reasoning item before it. */
type Kind = "reasoning" | "follower" | "other";

const noneLoose: ReadonlySet<number> = new Set();

/**
 * Indexes of the reasoning items in an input that nothing follows which they could have led to: neither a message of the
 * model nor a call. The provider refuses those. A client has them if the call behind one was hidden from it.
 */
export function looseReasoning(body: JsonObject): ReadonlySet<number> {
  const input = body.array("input");
  if (!mayHaveReasoning(body)) return noneLoose;
  const loose = new Set<number>();
  let next: Kind = "other";
  for (let index = input.length - 1; index >= 0; index -= 1) {
    const kind = kindOf(body, input, index);
    if (kind === "reasoning" && next !== "follower") loose.add(index);
    next = kind;
  }
  return loose;
}

/** One search spares most requests the look at every item. */
function mayHaveReasoning({ bytes }: JsonObject): boolean {
  return bytes.includes('"reasoning"') || bytes.includes('"rs_');
}

function kindOf({ bytes }: JsonObject, input: JsonArray, index: number): Kind {
  const { start, end } = input.span(index);
  const text = (name: string) => asText(findValue(bytes, start, end, name));
  const type = findMember(bytes, start, end, "type") === -1 ? "message" : text("type");
  if (type === "reasoning") return "reasoning";
  if (type === "item_reference") return text("id").startsWith("rs_") ? "reasoning" : "follower";
  if (type === "message") return text("role") === "assistant" ? "follower" : "other";
  return type.endsWith("_output") ? "other" : "follower";
}
