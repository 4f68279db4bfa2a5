import { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import type { CentralTool, ToolConversationOptions } from "../../tool-conversation.ts";
import { notRunOutput } from "./call-output.ts";
import { askForEncrypted } from "./encrypted-reasoning.ts";
import { prependInput } from "./input.ts";
import { findReasoning } from "./loose-reasoning.ts";
import type { HiddenState, ResponseAliases } from "./response-aliases.ts";
import { conversationId } from "./state-holder.ts";
import { chooseTools, noTools } from "./written-tools.ts";

/** A request with central tools in it. */
export interface InjectedRequest {
  readonly bytes: Buffer;
  readonly toolIds: ReadonlySet<string>;
  /** True if encrypted reasoning was asked for, which the client did not. */
  readonly asksEncrypted: boolean;
}

const noneLoose: ReadonlySet<number> = new Set();

/**
 * Puts the tools in front of the client's own, and makes of the input what the provider takes: with outputs for calls that
 * were hidden, without reasoning that led to those. Undefined where nothing is to be done.
 */
export function injectTools(
  body: JsonObject,
  tools: readonly CentralTool[],
  { aliases, reasoning, rules, leftOut }: ToolConversationOptions,
): InjectedRequest | undefined {
  const { elements, toolIds } = takesTools(body) ? chooseTools(tools, body, leftOut) : noTools;
  const hidden = hiddenState(body, aliases);
  const loose = rules?.dropsLooseReasoning === false ? noneLoose : findReasoning(body, reasoning).loose;
  if (toolIds.size === 0 && hidden === undefined && loose.size === 0) return undefined;
  const edits = new JsonEdits();
  if (toolIds.size > 0) edits.prepend(body, "tools", elements);
  if (hidden !== undefined && body.string("previous_response_id") !== undefined)
    edits.set(body, "previous_response_id", JSON.stringify(hidden.id));
  editInput(edits, body, loose, hidden?.pendingCallIds ?? []);
  const asksEncrypted = toolIds.size > 0 && askForEncrypted(edits, body);
  return { bytes: edits.apply(body.bytes, { start: 0, end: body.bytes.length }), toolIds, asksEncrypted };
}

/**
 * Answers in the background are fetched from the provider, templates there bring their own tools, and a warm-up has no
 * answer.
 */
function takesTools(body: JsonObject): boolean {
  return (
    body.get("tool_choice") !== "none" &&
    body.get("background") !== true &&
    body.get("generate") !== false &&
    body.object("prompt") === undefined
  );
}

function hiddenState(body: JsonObject, aliases: ResponseAliases | undefined): HiddenState | undefined {
  const id = body.string("previous_response_id") ?? conversationId(body);
  return id === undefined ? undefined : aliases?.find(id);
}

function editInput(
  edits: JsonEdits,
  body: JsonObject,
  loose: ReadonlySet<number>,
  pendingCallIds: readonly string[],
): void {
  const input = body.array("input");
  edits.removeElements(input, (index) => loose.has(index));
  prependInput(edits, body, pendingCallIds.map(notRunOutput), input.length - loose.size);
}
