import type { JsonObject } from "../../../json/json-object.ts";
import { isQualified } from "../../qualified-call.ts";

/** True for a call of one of these tools: a function of that name, in no namespace of the client's. */
export function isCentralCall(item: JsonObject, toolIds: ReadonlySet<string>): boolean {
  if (item.string("type") !== "function_call" || isQualified(item)) return false;
  return toolIds.has(item.string("name") ?? "");
}

/** What tells an item from the others of its answer; "" for nothing. */
export function itemKey(item: JsonObject): string {
  const callId = item.string("call_id") ?? "";
  return callId === "" ? (item.string("id") ?? "") : `${item.string("type")} ${callId}`;
}

/** An item of an answer's output that is complete. */
export interface ReceivedItem {
  /** The item exactly as received, as JSON text. */
  readonly text: string;
  /** Id of the call that it is or answers; "" for other items. */
  readonly callId: string;
  /** True for the output of a call. */
  readonly isOutput: boolean;
  /** True if the request after it has to bring something for it: an output, an approval. */
  readonly awaitsClient: boolean;
  /** The call, if it is one of a central tool. */
  readonly central: { readonly name: string; readonly input: string; readonly caller: string } | undefined;
}

export function receivedItem(item: JsonObject, toolIds: ReadonlySet<string>): ReceivedItem {
  const type = item.string("type") ?? "";
  const callId = item.string("call_id") ?? "";
  const central = isCentralCall(item, toolIds)
    ? { name: item.string("name") ?? "", input: item.string("arguments") ?? "", caller: callerOf(item) }
    : undefined;
  return {
    text: item.bytes.toString("utf8", item.start, item.end),
    callId,
    isOutput: type.endsWith("_output"),
    awaitsClient: central === undefined && awaitsClient(item, type, callId),
    central,
  };
}

/** Calls that the provider itself answers have no id for an output to name. */
function awaitsClient(item: JsonObject, type: string, callId: string): boolean {
  if (type === "mcp_approval_request") return true;
  return type.endsWith("_call") && callId !== "" && item.string("execution") !== "server";
}

function callerOf(item: JsonObject): string {
  const caller = item.raw("caller");
  return caller === "null" ? "" : caller;
}
