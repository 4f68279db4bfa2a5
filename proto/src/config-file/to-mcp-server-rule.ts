import { create } from "@bufbuild/protobuf";
import { type McpServer, McpServerSchema } from "../../gen/aibridge/v1/tool_policy_pb.ts";
import type { McpServerEntry } from "./schema-mcp.ts";

/** One MCP server of the file and who gets its tools. */
export interface McpServerRule {
  /** The server as a tool policy names it. */
  readonly server: McpServer;
  /** Actor.id of those who get it; "*" for everybody. */
  readonly actors: readonly string[];
}

/** The rule of one entry of `mcp_servers`. */
export function toMcpServerRule(entry: McpServerEntry): McpServerRule {
  const server = create(McpServerSchema, {
    name: entry.name,
    url: entry.url,
    transport: entry.transport,
    headers: entry.headers,
    accessToken: entry.access_token,
    toolAllowRegex: entry.tool_allow,
    toolDenyRegex: entry.tool_deny,
  });
  return { server, actors: entry.actors };
}
