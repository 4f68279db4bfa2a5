import type { JsonObject } from "./json-object.ts";

/**
 * The bytes that hold `object`, with its member `name` (ASCII, no escapes needed) set to the JSON text `value`: replaced
 * where it stands, or added behind the last member. Every other byte stays as it was: order, spacing, spelling of numbers.
 */
export function setMember(object: JsonObject, name: string, value: string): Buffer {
  const span = object.member(name);
  if (span !== undefined) return splice(object.bytes, span.start, span.end, value);
  const at = object.lastMemberEnd;
  return splice(object.bytes, at, at, `${object.isEmpty ? "" : ","}"${name}":${value}`);
}

function splice(bytes: Buffer, start: number, end: number, text: string): Buffer {
  return Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(end)]);
}
