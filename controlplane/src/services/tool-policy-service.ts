import {
  GetToolPolicyResponseSchema,
  type McpServer,
  McpServerSchema,
  type ToolPolicyService,
} from "@aibridge/proto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { contentVersion, type ServerRule, serversOf } from "../domain/tool-policies.ts";
import { durationOfMicros } from "./times.ts";

/** How long a data plane may keep a policy, in microseconds. */
const CACHE_FOR = 60_000_000n;

/**
 * ToolPolicyService over the `mcp_servers` of the configuration file.
 * @param rules the rules as configured now
 */
export function toolPolicyService(
  rules: () => readonly ServerRule<McpServer>[],
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
  };
}
