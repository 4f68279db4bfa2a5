import type { JsonObject } from "../../json/json-object.ts";
import { asArray, asRecord, asText } from "../json-kinds.ts";
import type { ThoughtSource } from "../observation.ts";
import { isQualified } from "../qualified-call.ts";

/** A tool call, as an item of the output holds it. */
export interface ItemCall {
  readonly callId: string;
  readonly tool: string;
  readonly input: string;
  readonly isQualified?: true;
}

/** A thought in an item of the output. */
export interface ItemThought {
  readonly content: string;
  readonly source: ThoughtSource;
}

/** Where each kind of call keeps its input; the first that is present counts. */
const inputMembers = [
  "arguments",
  "input",
  "action",
  "actions",
  "operation",
  "code",
  "queries",
  "revised_prompt",
];

/**
 * The call in an item: a client's `function_call` or `custom_tool_call`, an `mcp_call`, or a built-in one such as
 * `web_search_call`, whose tool is named after its type: "web_search". Undefined for every other item.
 */
export function itemCall(item: JsonObject): ItemCall | undefined {
  const type = item.string("type") ?? "";
  if (!type.endsWith("_call")) return undefined;
  const tool = item.string("name") ?? type.slice(0, -"_call".length);
  const callId = item.string("call_id") ?? item.string("id") ?? "";
  return { callId, tool, input: callInput(item), ...(isQualified(item) && { isQualified: true }) };
}

/** Texts as the model wrote them (JSON arguments, the raw text of a custom tool), structures as their JSON. */
function callInput(item: JsonObject): string {
  for (const name of inputMembers) {
    const raw = item.raw(name);
    if (raw !== "" && raw !== "null") return item.string(name) ?? raw;
  }
  return "";
}

/** The thoughts in an item: reasoning summaries and texts part by part, or a message that is commentary. Never empty. */
export function itemThoughts(item: JsonObject): ItemThought[] {
  if (isCommentary(item)) return commentary(partTexts(item, "content"));
  if (item.string("type") !== "reasoning") return [];
  return [
    ...partTexts(item, "summary").map((content) => ({ content, source: "reasoning_summary" }) as const),
    ...partTexts(item, "content").map((content) => ({ content, source: "reasoning" }) as const),
  ].filter(({ content }) => content !== "");
}

/** The parts of a commentary message as one thought; none if they are empty. */
export function commentary(parts: readonly string[]): ItemThought[] {
  const content = parts.filter((part) => part !== "").join("\n");
  return content === "" ? [] : [{ content, source: "commentary" }];
}

/** True for a message in which the model tells what it is about to do, ahead of its final answer. */
export function isCommentary(item: JsonObject): boolean {
  return item.string("type") === "message" && item.string("phase") === "commentary";
}

function partTexts(item: JsonObject, name: string): string[] {
  return asArray(item.get(name)).map((part) => asText(asRecord(part)?.text));
}
