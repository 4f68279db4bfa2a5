import { GatewayError } from "../../../errors/gateway-error.ts";
import { prependElements, removeMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import type { ApiRequest } from "../../api.ts";
import type { CentralTool, ToolConversationOptions } from "../../tool-conversation.ts";
import { toolNames } from "../../tool-names.ts";
import { ToolWriter } from "../../written-tools.ts";

/** A request with central tools in it. */
export interface InjectedRequest {
  readonly body: Buffer;
  readonly toolIds: ReadonlySet<string>;
}

const writer = new ToolWriter(({ id, description, inputSchema }) =>
  JSON.stringify({ name: id, ...(description && { description }), input_schema: inputSchema }),
);

/** Puts the tools in front of the client's own; undefined where no call could come of them. */
export function injectTools(
  { body }: ApiRequest,
  tools: readonly CentralTool[],
  { leftOut }: ToolConversationOptions = {},
): InjectedRequest | undefined {
  if (body.object("tool_choice")?.string("type") === "none") return undefined;
  const { elements, toolIds } = writer.choose(tools, { taken: toolNames(body), room: tools.length }, leftOut);
  if (toolIds.size === 0) return undefined;
  return { body: prependElements(withoutThread(body), "tools", elements), toolIds };
}

/**
 * A thread is a conversation that the provider keeps. It would keep the hidden calls too, and miss what the client has
 * of them: none is begun, and none can be gone on with.
 * @throws GatewayError `thread_not_found`
 */
function withoutThread(body: JsonObject): JsonObject {
  const thread = body.object("thread");
  if (thread === undefined) return body;
  if (thread.string("type") === "continue")
    throw new GatewayError(
      "thread_not_found",
      "The gateway keeps no message threads where it adds central tools. Send the whole conversation.",
    );
  return JsonObject.parse(removeMember(body, "thread"));
}
