import { RecorderService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type GatewayClientOptions, gatewayTransport } from "./transport.ts";

/** Sends records, one by one or as a stream. @throws Error if the key would go unencrypted over a network */
export function createRecorderClient(options: GatewayClientOptions): Client<typeof RecorderService> {
  return createClient(RecorderService, gatewayTransport(options));
}
