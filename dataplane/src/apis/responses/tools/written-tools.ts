import type { JsonObject } from "../../../json/json-object.ts";
import type { CentralTool } from "../../tool-conversation.ts";
import { toolNames } from "../../tool-names.ts";
import { type ChosenTools, type LeftOutTools, ToolWriter } from "../../written-tools.ts";

/** OpenAI takes no more tools in one request. */
const maxTools = 128;

/** `strict` is true unless it is given, and then asks more of a schema than those of most servers fulfil. */
const writer = new ToolWriter(({ id, description, inputSchema }) =>
  JSON.stringify({
    type: "function",
    name: id,
    ...(description && { description }),
    parameters: inputSchema,
    strict: false,
  }),
);

export const noTools: ChosenTools = { elements: Buffer.alloc(0), toolIds: new Set() };

/** The tools whose ids the client does not use itself, as many as there is room for beside its own. */
export function chooseTools(
  tools: readonly CentralTool[],
  body: JsonObject,
  leftOut?: (tools: LeftOutTools) => void,
): ChosenTools {
  const own = { taken: toolNames(body), room: maxTools - body.array("tools").length };
  return writer.choose(tools, own, leftOut);
}
