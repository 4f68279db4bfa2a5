import type { McpServer } from "@aibridge/proto";
import type { CentralTool } from "../apis/tool-conversation.ts";
import { shownUrl } from "./mcp-access.ts";
import { toolFilter } from "./tool-filter.ts";
import { toolIds } from "./tool-id.ts";
import type { ServerTool } from "./tool-list.ts";
import { usableSchema } from "./tool-schema.ts";

/** A tool that goes into requests. */
export interface InjectedTool {
  /** Under which the provider knows it. */
  readonly id: string;
  /** Name of its server in the policy. */
  readonly server: string;
  readonly url: string;
  /** The URL as it may stand in records. */
  readonly serverUrl: string;
  readonly definition: ServerTool;
  /** The definition as the server listed it. */
  readonly listed: ServerTool;
}

/** The tools of one actor at one moment; the same object as long as nothing changed. */
export interface ToolSet {
  /** The tools as they go into requests, in the order of injection: by server as the policy has them, then by name. */
  readonly central: readonly CentralTool[];
  readonly byId: ReadonlyMap<string, InjectedTool>;
}

/** What became of a tool that a server lists. */
export interface JudgedTool {
  readonly server: string;
  readonly url: string;
  /** As the server listed it, with a schema that can be used if the tool is in. */
  readonly definition: ServerTool;
  readonly listed: ServerTool;
  /** Why it is out; undefined for a tool that is in. */
  readonly out: string | undefined;
  /** True if it is out though the policy has it in. */
  readonly unusable: boolean;
}

/** Tools in one request at most, and bytes of their definitions: what is more is left out, the last first. */
const maxTools = 1_000;
const maxBytes = 2 * 1024 * 1024;
/** Longest description, in UTF-16 units. */
const maxDescription = 16 * 1024;

/**
 * Every tool that a server lists, by name, with the reason why it is out.
 * @throws InvalidToolPattern
 */
export function judgeTools(
  { name, url, toolAllowRegex, toolDenyRegex }: McpServer,
  tools: readonly ServerTool[],
): JudgedTool[] {
  const judge = toolFilter(name, { allow: toolAllowRegex, deny: toolDenyRegex });
  return [...tools]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((definition) => {
      const tool = { server: name, url, definition, listed: definition, unusable: false };
      const verdict = judge(definition.name);
      if (verdict === "denied") return { ...tool, out: "its name matches the deny pattern" };
      if (verdict === "not_allowed") return { ...tool, out: "its name does not match the allow pattern" };
      const { schema, problem } = usableSchema(definition.inputSchema);
      if (schema === undefined) return { ...tool, out: problem, unusable: true };
      const inputSchema = schema as ServerTool["inputSchema"];
      return { ...tool, definition: { ...definition, inputSchema }, out: undefined };
    });
}

/** The tools that are in, with their ids. What there is no room for is left out, which `leftOut` is told. */
export function toolSet(judged: readonly JudgedTool[], leftOut: (tools: number) => void): ToolSet {
  const chosen = judged.filter(({ out }) => out === undefined);
  const ids = toolIds(chosen.map(({ server, definition }) => ({ server, tool: definition.name })));
  const central: CentralTool[] = [];
  const byId = new Map<string, InjectedTool>();
  let bytes = 0;
  for (const [index, { server, url, definition, listed }] of chosen.entries()) {
    const tool = centralTool(ids[index] as string, definition);
    bytes += Buffer.byteLength(JSON.stringify(tool));
    if (central.length === maxTools || bytes > maxBytes) break;
    central.push(tool);
    byId.set(tool.id, { id: tool.id, server, url, serverUrl: shownUrl(url), definition, listed });
  }
  if (central.length < chosen.length) leftOut(chosen.length - central.length);
  return { central, byId };
}

function centralTool(id: string, { description = "", inputSchema }: ServerTool): CentralTool {
  return { id, description: description.slice(0, maxDescription).toWellFormed(), inputSchema };
}
