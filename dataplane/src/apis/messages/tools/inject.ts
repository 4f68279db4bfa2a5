import { GatewayError } from "../../../errors/gateway-error.ts";
import { prependElements, removeMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import type { ApiRequest } from "../../api.ts";
import type { CentralTool } from "../../tool-conversation.ts";

/** A request with central tools in it. */
export interface InjectedRequest {
  readonly body: JsonObject;
  readonly toolIds: ReadonlySet<string>;
}

/** The JSON text of tools as the Messages API takes them, made once for each list. */
const written = new WeakMap<readonly CentralTool[], ReadonlyMap<string, string>>();

/** Puts the tools in front of the client's own; undefined where no call could come of them. */
export function injectTools(
  { body }: ApiRequest,
  tools: readonly CentralTool[],
): InjectedRequest | undefined {
  if (body.object("tool_choice")?.string("type") === "none") return undefined;
  const texts = textsOf(tools);
  const taken = clientTools(body);
  const ids = tools.map(({ id }) => id).filter((id) => !taken.has(id));
  if (ids.length === 0) return undefined;
  const elements = ids.map((id) => texts.get(id)).join(",");
  const edited = prependElements(withoutThread(body), "tools", elements);
  return { body: JsonObject.parse(edited), toolIds: new Set(ids) };
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

function textsOf(tools: readonly CentralTool[]): ReadonlyMap<string, string> {
  let texts = written.get(tools);
  if (texts === undefined) {
    texts = new Map(
      tools.map(({ id, description, inputSchema }) => [
        id,
        JSON.stringify({ name: id, ...(description && { description }), input_schema: inputSchema }),
      ]),
    );
    written.set(tools, texts);
  }
  return texts;
}

function clientTools(body: JsonObject): ReadonlySet<string> {
  const names = new Set<string>();
  const tools = body.array("tools");
  for (let index = 0; index < tools.length; index++) {
    const { start, end } = tools.span(index);
    const name = JsonObject.tryAt(body.bytes, start, end)?.string("name");
    if (name !== undefined) names.add(name);
  }
  return names;
}
