import {
  GetToolPolicyResponseSchema,
  type McpServer,
  McpServerSchema,
  PinToolsResponseSchema,
  type ToolPolicyService,
} from "@aibridge/proto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ToolPins } from "../domain/tool-pins.ts";
import { contentVersion, type ServerRule, serversOf } from "../domain/tool-policies.ts";
import { durationOfMicros } from "./times.ts";

/** How long a data plane may keep a policy, in microseconds. */
const CACHE_FOR = 60_000_000n;

/**
 * ToolPolicyService over the `mcp_servers` of the configuration file and the definitions of tools that are remembered.
 * @param rules the rules as configured now
 */
export function toolPolicyService(
  rules: () => readonly ServerRule<McpServer>[],
  toolPins: Pick<ToolPins, "pin">,
): ServiceImpl<typeof ToolPolicyService> {
  return {
    getToolPolicy({ actorId }) {
      const servers = serversOf(rules(), actorId);
      return create(GetToolPolicyResponseSchema, {
        version: contentVersion(servers.map((server) => toBinary(McpServerSchema, server))),
        servers,
        cacheFor: durationOfMicros(CACHE_FOR),
      });
    },
    async pinTools({ serverName, serverUrl, tools }) {
      const definitions = tools.map(({ name, sha256, definition }) => ({ tool: name, sha256, definition }));
      const waitingSha256 = await toolPins.pin({ serverName, serverUrl }, definitions);
      return create(PinToolsResponseSchema, { waitingSha256 });
    },
  };
}
