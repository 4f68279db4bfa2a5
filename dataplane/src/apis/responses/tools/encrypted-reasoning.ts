import { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { asArray } from "../../json-kinds.ts";
import type { ObservedError } from "../../observation.ts";
import { stateHolder } from "./state-holder.ts";

/** What a request lists in `include` to get reasoning in a form that can be sent back. */
const inclusion = "reasoning.encrypted_content";

/** Models of before reasoning refuse to be asked for it. */
const modelsWithoutReasoning = /(?:^|[/:])(?:gpt-3|gpt-4|chatgpt)|-chat\b/;

/**
 * Asks for reasoning that can be sent back to a provider that stores nothing, unless the client does so itself. Returns
 * true if the request had to be edited.
 */
export function askForEncrypted(edits: JsonEdits, body: JsonObject): boolean {
  if (stateHolder(body) !== "client" || modelsWithoutReasoning.test(body.string("model") ?? "")) return false;
  if (asArray(body.get("include")).includes(inclusion)) return false;
  edits.append(body, "include", JSON.stringify(inclusion));
  return true;
}

/** Takes the question back, after a refusal that is about it; undefined for every other error. */
export function withoutAsking(
  request: JsonObject,
  client: JsonObject,
  { message }: ObservedError,
): Buffer | undefined {
  const include = client.raw("include");
  if (!/encrypted[ _]content/i.test(message) || request.raw("include") === include) return undefined;
  const edits = new JsonEdits();
  if (include === "") edits.remove(request, "include");
  else edits.set(request, "include", include);
  return edits.apply(request.bytes, { start: 0, end: request.bytes.length });
}

/** Takes encrypted reasoning out of an item, if there is any. */
export function removeEncrypted(edits: JsonEdits, item: JsonObject): void {
  if (item.string("type") === "reasoning") edits.remove(item, "encrypted_content");
}

/** An item as JSON text, without encrypted reasoning. */
export function withoutEncrypted(item: JsonObject): string {
  const edits = new JsonEdits();
  removeEncrypted(edits, item);
  return edits.apply(item.bytes, item).toString();
}
