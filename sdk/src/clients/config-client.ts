import { ConfigService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type GatewayClientOptions, gatewayTransport } from "./transport.ts";

/** Follows the configuration of data planes. @throws Error if the key would go unencrypted over a network */
export function createConfigClient(options: GatewayClientOptions): Client<typeof ConfigService> {
  return createClient(ConfigService, gatewayTransport(options));
}
