import type { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { byte } from "../../../json/skip.ts";

/** Puts items (JSON text) in front of the request's input. @param left how many of its own items are not removed */
export function prependInput(
  edits: JsonEdits,
  body: JsonObject,
  items: readonly string[],
  left?: number,
): void {
  if (items.length === 0) return;
  const text = asItem(body);
  if (text === undefined) edits.prepend(body, "input", items.join(","), left);
  else edits.set(body, "input", `[${[...items, text].join(",")}]`);
}

/** Puts items behind the request's input. */
export function appendInput(edits: JsonEdits, body: JsonObject, items: readonly string[]): void {
  if (items.length === 0) return;
  const text = asItem(body);
  if (text === undefined) edits.append(body, "input", items.join(","));
  else edits.set(body, "input", `[${[text, ...items].join(",")}]`);
}

/** An input that is a mere text, as the item that means the same; undefined for one that is a list, or none. */
function asItem(body: JsonObject): string | undefined {
  const span = body.member("input");
  if (span === undefined || body.bytes[span.start] !== byte.quote) return undefined;
  return `{"type":"message","role":"user","content":${body.raw("input")}}`;
}
