import { ActorService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type GatewayClientOptions, gatewayTransport } from "./transport.ts";

/** Asks who a credential belongs to. @throws Error if the key would go unencrypted over a network */
export function createActorClient(options: GatewayClientOptions): Client<typeof ActorService> {
  return createClient(ActorService, gatewayTransport(options));
}
