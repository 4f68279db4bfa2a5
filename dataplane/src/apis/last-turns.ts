import type { JsonArray, JsonObject } from "../json/json-object.ts";
import { asRecord, type JsonRecord } from "./json-kinds.ts";

/** The element at `index` of a list of messages or items, parsed; an empty record for what is no readable object. */
function element(body: JsonObject, list: JsonArray, index: number): JsonRecord {
  try {
    return asRecord(body.value(list.span(index))) ?? {};
  } catch {
    return {};
  }
}

/** The last element that `isSkipped` does not hold for; undefined if there is none. Earlier ones are not parsed. */
export function lastTurn(
  body: JsonObject,
  list: JsonArray,
  isSkipped: (turn: JsonRecord) => boolean,
): JsonRecord | undefined {
  for (let index = list.length - 1; index >= 0; index -= 1) {
    const turn = element(body, list, index);
    if (!isSkipped(turn)) return turn;
  }
  return undefined;
}

/**
 * The last element in which `read` finds something, as what it found. Only elements that contain `marker` (ASCII, as it
 * stands in the bytes) are parsed, so that a long conversation costs one search. A marker that begins with a rare byte
 * makes that search many times faster: `_result"` rather than `"tool_result"`.
 */
export function findLast<T>(
  body: JsonObject,
  list: JsonArray,
  marker: string,
  read: (turn: JsonRecord) => T | undefined,
): T | undefined {
  for (const index of elementsWith(body.bytes, list, marker).reverse()) {
    const found = read(element(body, list, index));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Indexes of the elements that contain `marker`, in order. */
function elementsWith(bytes: Buffer, list: JsonArray, marker: string): number[] {
  const indexes: number[] = [];
  if (list.length === 0) return indexes;
  const { end } = list.span(list.length - 1);
  let at = bytes.indexOf(marker, list.span(0).start);
  while (at !== -1 && at < end) {
    const index = list.indexOf(at);
    if (index !== -1) indexes.push(index);
    at = bytes.indexOf(marker, index === -1 ? at + 1 : list.span(index).end);
  }
  return indexes;
}
