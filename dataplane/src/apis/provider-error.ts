import { asRecord, asText, type JsonRecord } from "./json-kinds.ts";
import type { ObservedError } from "./observation.ts";

const unreadable: ObservedError = { type: "", message: "" };

/**
 * Reads the body of an error answer. Compatible servers and proxies mix the shapes, so every API reads them all:
 * `{"error":{"type","code","message"}}` (Anthropic and OpenAI), `{"error":"text"}`, and a flat `{"type","code","message"}`.
 */
export function readErrorBody(body: Buffer): ObservedError {
  try {
    return readErrorObject(JSON.parse(body.toString("utf8")));
  } catch {
    return unreadable;
  }
}

/** Reads an error in any of the shapes above, out of a parsed body or event. */
export function readErrorObject(value: unknown): ObservedError {
  const record = asRecord(value);
  if (record === undefined) return unreadable;
  if (typeof record.error === "string") return { type: "", message: record.error };
  const nested = asRecord(record.error);
  if (nested !== undefined) return namedError(nested, "");
  return namedError(record, "error");
}

/** `wrapper` is a `type` that names the event and not the error. */
function namedError(record: JsonRecord, wrapper: string): ObservedError {
  const type = asText(record.type);
  const code = asText(record.code);
  return { type: type === wrapper && code !== "" ? code : type || code, message: asText(record.message) };
}
