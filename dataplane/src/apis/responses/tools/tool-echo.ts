/**
 * A response repeats the tools of its request, in each of the three events that bring it: with many central tools that is
 * most of a short answer. The provider spells the same tools in the same way each time, so that one search finds them.
 */
import type { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { byte } from "../../../json/skip.ts";
import { toolName } from "./written-tools.ts";

/** How a provider spelled these tools last: elements of a list, joined by commas. */
const spelled = new WeakMap<ReadonlySet<string>, Buffer>();

const soughtBytes = 64;

/** Takes the central tools out of a response, and remembers how they are spelled. */
export function removeEcho(edits: JsonEdits, response: JsonObject, toolIds: ReadonlySet<string>): void {
  const tools = response.array("tools");
  const central: number[] = [];
  for (let index = 0; index < tools.length; index += 1) {
    const { start, end } = tools.span(index);
    if (toolIds.has(toolName(response.bytes, start, end))) central.push(index);
  }
  const [first] = central;
  const last = central.at(-1);
  if (first === undefined || last === undefined) return;
  const found = new Set(central);
  edits.removeElements(tools, (index) => found.has(index));
  if (last - first + 1 === central.length)
    spelled.set(toolIds, Buffer.from(response.bytes.subarray(tools.span(first).start, tools.span(last).end)));
}

/**
 * The JSON text `bytes[start, end)` without the tools as they were spelled last; undefined if it does not have them so.
 * The same bytes inside of a text would have their quotes escaped: what is found are tools.
 */
export function withoutEcho(
  bytes: Buffer,
  start: number,
  end: number,
  toolIds: ReadonlySet<string>,
): Buffer | undefined {
  const tools = spelled.get(toolIds);
  if (tools === undefined) return undefined;
  // To search for a short piece and to compare the rest is far faster than to search for all.
  const at = bytes.indexOf(tools.subarray(0, soughtBytes), start);
  const after = at + tools.length;
  if (at <= start || after >= end || tools.compare(bytes, at, after) !== 0) return undefined;
  const before = bytes[at - 1];
  const next = bytes[after];
  if (next === byte.comma && before === byte.openBracket)
    return Buffer.concat([bytes.subarray(start, at), bytes.subarray(after + 1, end)]);
  if (next === byte.closeBracket && before === byte.openBracket)
    return Buffer.concat([bytes.subarray(start, at), bytes.subarray(after, end)]);
  return undefined;
}
