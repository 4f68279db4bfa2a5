import type { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { toolName } from "../../tool-names.ts";
import { type AnswerKind, rememberSpelling } from "./spelled-tools.ts";

/**
 * A response repeats the tools of its request: takes the central ones out. Remembers how they are spelled, so that the
 * next answer's are found by one comparison.
 */
export function removeEcho(
  edits: JsonEdits,
  response: JsonObject,
  toolIds: ReadonlySet<string>,
  kind: AnswerKind,
): void {
  const tools = response.array("tools");
  const central: number[] = [];
  for (let index = 0; index < tools.length; index += 1) {
    const { start, end } = tools.span(index);
    if (toolIds.has(toolName(response.bytes, start, end))) central.push(index);
  }
  const last = central.at(-1);
  if (last === undefined) return;
  const removed = new Set(central);
  edits.removeElements(tools, (index) => removed.has(index));
  if (last === central.length - 1) rememberSpelling(toolIds, kind, response, last);
}
