import { findValue } from "../../../json/find-member.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { asText } from "../../json-kinds.ts";
import type { CentralTool } from "../../tool-conversation.ts";
import { type ChosenTools, ToolWriter } from "../../written-tools.ts";

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

export const noTools: ChosenTools = { elements: "", toolIds: new Set() };

/** The tools whose ids the client does not use itself, as many as there is room for beside its own. */
export function chooseTools(tools: readonly CentralTool[], body: JsonObject): ChosenTools {
  return writer.choose(tools, { taken: clientTools(body), room: maxTools - body.array("tools").length });
}

/** The name of the tool at `start`, as a request has it or an answer repeats it; "" if it has none. */
export function toolName(bytes: Buffer, start: number, end: number): string {
  return asText(findValue(bytes, start, end, "name"));
}

function clientTools(body: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  const tools = body.array("tools");
  for (let index = 0; index < tools.length; index += 1) {
    const { start, end } = tools.span(index);
    names.add(toolName(body.bytes, start, end));
  }
  return names;
}
