import type { JsonObject } from "./json-object.ts";
import { bytesOf, type Piece } from "./piece.ts";
import { byte } from "./skip.ts";

/**
 * The bytes that hold `object`, with its member `name` (ASCII, no escapes needed) set to the JSON text `value`: replaced
 * where it stands, or added behind the last member. Every other byte stays as it was: order, spacing, spelling of numbers.
 */
export function setMember(object: JsonObject, name: string, value: string): Buffer {
  return setPieces(object, name, [value]);
}

/**
 * The bytes that hold `object`, with elements put in front of those of its member `name`: `elements` is their JSON text,
 * joined by commas. A member that is absent or no array becomes one.
 */
export function prependElements(object: JsonObject, name: string, elements: Piece): Buffer {
  const at = arrayStart(object, name);
  if (at === undefined) return setPieces(object, name, ["[", elements, "]"]);
  const comma = object.array(name).length === 0 ? "" : ",";
  return splice(object.bytes, at, at, [elements, comma]);
}

/** Like `prependElements`, with the elements behind those of the member. */
export function appendElements(object: JsonObject, name: string, elements: string): Buffer {
  const array = object.array(name);
  if (arrayStart(object, name) === undefined || array.length === 0)
    return prependElements(object, name, elements);
  const at = array.span(array.length - 1).end;
  return splice(object.bytes, at, at, [`,${elements}`]);
}

/** Behind the opening bracket; undefined if the member is no array. */
function arrayStart(object: JsonObject, name: string): number | undefined {
  const span = object.member(name);
  return span !== undefined && object.bytes[span.start] === byte.openBracket ? span.start + 1 : undefined;
}

/** The bytes that hold `object`, without its member `name` (of several of that name, the last). */
export function removeMember(object: JsonObject, name: string): Buffer {
  const place = object.place(name);
  if (place === undefined) return object.bytes;
  return splice(object.bytes, place.start, place.end, []);
}

function setPieces(object: JsonObject, name: string, value: readonly Piece[]): Buffer {
  const span = object.member(name);
  if (span !== undefined) return splice(object.bytes, span.start, span.end, value);
  const at = object.lastMemberEnd;
  return splice(object.bytes, at, at, [`${object.isEmpty ? "" : ","}"${name}":`, ...value]);
}

function splice(bytes: Buffer, start: number, end: number, pieces: readonly Piece[]): Buffer {
  return Buffer.concat([bytes.subarray(0, start), ...pieces.map(bytesOf), bytes.subarray(end)]);
}
