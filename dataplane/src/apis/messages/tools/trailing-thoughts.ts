import { JsonEdits } from "../../../json/json-edits.ts";
import { type JsonArray, JsonObject } from "../../../json/json-object.ts";
import type { ObservedError } from "../../observation.ts";

const complaint =
  /final block in an assistant message cannot be `?(?:redacted_)?thinking|all messages must have non-empty content/;

/**
 * The request again without the thoughts that turns of the model end with, after a refusal that is about them: what they
 * led to was hidden from the client. A turn of nothing else is left out, and so is one of which the client saw nothing.
 * Undefined for every other error.
 */
export function withoutTrailingThoughts(request: Buffer, { message }: ObservedError): Buffer | undefined {
  if (!complaint.test(message)) return undefined;
  const body = JsonObject.parse(request);
  const messages = body.array("messages");
  const edits = new JsonEdits();
  const emptied = new Set<number>();
  for (let index = 0; index < messages.length; index++) {
    const { start, end } = messages.span(index);
    const turn = JsonObject.tryAt(request, start, end);
    if (turn?.string("role") !== "assistant" || typeof turn.get("content") === "string") continue;
    const content = turn.array("content");
    const kept = lengthWithoutThoughts(request, content);
    if (kept === 0) emptied.add(index);
    else edits.removeElements(content, (block) => block >= kept);
  }
  edits.removeElements(messages, (index) => emptied.has(index));
  return edits.isEmpty ? undefined : edits.apply(request, { start: 0, end: request.length });
}

function lengthWithoutThoughts(bytes: Buffer, content: JsonArray): number {
  let length = content.length;
  while (length > 0 && isThought(bytes, content, length - 1)) length--;
  return length;
}

function isThought(bytes: Buffer, content: JsonArray, index: number): boolean {
  const { start, end } = content.span(index);
  const type = JsonObject.tryAt(bytes, start, end)?.string("type");
  return type === "thinking" || type === "redacted_thinking";
}
