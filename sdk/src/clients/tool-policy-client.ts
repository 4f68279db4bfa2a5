import { ToolPolicyService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type GatewayClientOptions, gatewayTransport } from "./transport.ts";

/** Asks which central tools an actor gets. @throws Error if the key would go unencrypted over a network */
export function createToolPolicyClient(options: GatewayClientOptions): Client<typeof ToolPolicyService> {
  return createClient(ToolPolicyService, gatewayTransport(options));
}
