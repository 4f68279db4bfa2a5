import { findMember, findValue } from "../../../json/find-member.ts";
import { JsonEdits } from "../../../json/json-edits.ts";
import { type JsonArray, JsonObject } from "../../../json/json-object.ts";
import { asText } from "../../json-kinds.ts";
import type { ObservedError } from "../../observation.ts";
import type { LooseReasoning, ReasoningNames } from "./loose-reasoning-memory.ts";
import { isCentralCall } from "./received-item.ts";

/** What an item of an input is to a reasoning item before it. */
type Kind = "reasoning" | "follower" | "other";

/** Indexes of reasoning items in an input that may have lost what they led to. */
export interface FoundReasoning {
  /** The provider refuses these: nothing follows that they could have led to, or what does is known to be another's. */
  readonly loose: ReadonlySet<number>;
  /** Other reasoning follows these: they are fine if both came with one answer, which the input does not tell. */
  readonly doubtful: ReadonlySet<number>;
}

const noneFound: FoundReasoning = { loose: new Set(), doubtful: new Set() };

/**
 * Looks for reasoning that neither a message of the model nor a call follows, or only one that it did not lead to. A client
 * has such if the call behind it was hidden from it.
 * @param known what was seen to lead to hidden calls
 */
export function findReasoning(body: JsonObject, known?: LooseReasoning): FoundReasoning {
  if (!mayHaveReasoning(body)) return noneFound;
  const input = body.array("input");
  const loose = new Set<number>();
  const doubtful = new Set<number>();
  let next: Kind = "other";
  for (let index = input.length - 1; index >= 0; index -= 1) {
    const kind = kindOf(body, input, index);
    const isLoose =
      kind === "reasoning" && (next === "other" || known?.has(namesAt(body, input, index)) === true);
    if (isLoose) loose.add(index);
    else if (kind === "reasoning" && next === "reasoning") doubtful.add(index);
    // What is left out follows nothing.
    if (!isLoose) next = kind;
  }
  return { loose, doubtful };
}

const complaint = /([\w-]{1,256})'? of type 'reasoning' was provided without its required following item/;

/**
 * The request again after a refusal that is about reasoning, without the item that it names, or without all that are
 * doubtful where that is one of them; remembers those. Undefined for every other error, and where there is nothing to leave
 * out.
 */
export function withoutRefused(
  request: Buffer,
  { message }: ObservedError,
  known?: LooseReasoning,
): Buffer | undefined {
  const id = complaint.exec(message)?.[1];
  if (id === undefined) return undefined;
  const body = JsonObject.parse(request);
  const { doubtful } = findReasoning(body, known);
  const named = reasoningNamed(body, id);
  const refused = named.every((index) => doubtful.has(index)) ? doubtful : new Set(named);
  if (refused.size === 0) return undefined;
  const input = body.array("input");
  for (const index of refused) known?.add(namesAt(body, input, index));
  const edits = new JsonEdits();
  edits.removeElements(input, (index) => refused.has(index));
  return edits.apply(request, { start: 0, end: request.length });
}

function reasoningNamed(body: JsonObject, id: string): number[] {
  const input = body.array("input");
  return Array.from({ length: input.length }, (_, index) => index).filter(
    (index) => kindOf(body, input, index) === "reasoning" && namesAt(body, input, index).id === id,
  );
}

/**
 * Remembers the reasoning of an answer that nothing follows any more once its central calls are hidden.
 * @param items all of the answer, as JSON texts
 */
export function rememberLoose(
  items: readonly string[],
  toolIds: ReadonlySet<string>,
  known: LooseReasoning,
): void {
  let next: "reasoning" | "follower" | "nothing" = "nothing";
  let isCut = false;
  for (const text of items.toReversed()) {
    const item = JsonObject.tryParse(Buffer.from(text));
    if (item === undefined) continue;
    const isReasoning = item.string("type") === "reasoning";
    const isLoose: boolean = isReasoning && (next === "nothing" || (next === "reasoning" && isCut));
    if (isLoose) known.add(namesOf(item));
    isCut = isLoose || isCentralCall(item, toolIds);
    if (!isCut) next = isReasoning ? "reasoning" : "follower";
  }
}

/** One search spares most requests the look at every item. */
function mayHaveReasoning({ bytes }: JsonObject): boolean {
  return bytes.includes('"reasoning"') || bytes.includes('"rs_');
}

function kindOf({ bytes }: JsonObject, input: JsonArray, index: number): Kind {
  const { start, end } = input.span(index);
  const type = findMember(bytes, start, end, "type") === -1 ? "message" : textAt(bytes, input, index, "type");
  if (type === "reasoning") return "reasoning";
  if (type === "item_reference")
    return textAt(bytes, input, index, "id").startsWith("rs_") ? "reasoning" : "follower";
  if (type === "message") return textAt(bytes, input, index, "role") === "assistant" ? "follower" : "other";
  return type.endsWith("_output") ? "other" : "follower";
}

function namesAt({ bytes }: JsonObject, input: JsonArray, index: number): ReasoningNames {
  return {
    id: textAt(bytes, input, index, "id"),
    get encrypted() {
      return textAt(bytes, input, index, "encrypted_content");
    },
  };
}

/** The member of an item, "" if it is no text. */
function textAt(bytes: Buffer, input: JsonArray, index: number, member: string): string {
  const { start, end } = input.span(index);
  return asText(findValue(bytes, start, end, member));
}

function namesOf(item: JsonObject): ReasoningNames {
  return { id: item.string("id") ?? "", encrypted: item.string("encrypted_content") ?? "" };
}
