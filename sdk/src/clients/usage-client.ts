import { UsageService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type AdminClientOptions, adminTransport } from "./transport.ts";

/** Reads what was recorded: interceptions, sessions, sums. @throws Error if the key would go unencrypted over a network */
export function createUsageClient(options: AdminClientOptions): Client<typeof UsageService> {
  return createClient(UsageService, adminTransport(options));
}
