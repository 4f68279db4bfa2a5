import { prependElements } from "../../../json/edit-member.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import type { ApiRequest } from "../../api.ts";
import { asArray } from "../../json-kinds.ts";
import type { CentralTool, ToolConversationOptions } from "../../tool-conversation.ts";
import { chatToolNames } from "../../tool-names.ts";
import { ToolWriter } from "../../written-tools.ts";

/** A request with central tools in it. */
export interface InjectedRequest {
  readonly bytes: Buffer;
  readonly toolIds: ReadonlySet<string>;
}

/** OpenAI takes no more tools in one request. */
const maxTools = 128;

const writer = new ToolWriter(({ id, description, inputSchema }) =>
  JSON.stringify({
    type: "function",
    function: { name: id, ...(description && { description }), parameters: inputSchema },
  }),
);

/** Puts the tools in front of the client's own, as many as there is room for; undefined where the request takes none. */
export function injectTools(
  { body }: ApiRequest,
  tools: readonly CentralTool[],
  { leftOut }: ToolConversationOptions = {},
): InjectedRequest | undefined {
  if (!takesTools(body)) return undefined;
  const room = maxTools - body.array("tools").length;
  const { elements, toolIds } = writer.choose(tools, { taken: chatToolNames(body), room }, leftOut);
  if (toolIds.size === 0) return undefined;
  return { bytes: prependElements(body, "tools", elements), toolIds };
}

/**
 * Members that OpenAI refuses together with tools (legacy functions, predicted output, the search models' option), or
 * whose answers cannot be put together from several turns (sound).
 */
const barring = ["functions", "function_call", "prediction", "web_search_options", "audio"] as const;

/** Each of several choices would need turns of its own. */
function takesTools(body: JsonObject): boolean {
  return (
    (body.get("n") ?? 1) === 1 &&
    body.get("tool_choice") !== "none" &&
    !barring.some((name) => hasValue(body, name)) &&
    !asArray(body.get("modalities")).includes("audio") &&
    body.array("messages").length > 0
  );
}

function hasValue(body: JsonObject, name: string): boolean {
  const raw = body.raw(name);
  return raw !== "" && raw !== "null";
}
