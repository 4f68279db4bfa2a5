import { AdminService } from "@aibridge/proto";
import { type Client, createClient } from "@connectrpc/connect";
import { type AdminClientOptions, adminTransport } from "./transport.ts";

/** Makes, lists and revokes tokens and gateway keys. @throws Error if the key would go unencrypted over a network */
export function createAdminClient(options: AdminClientOptions): Client<typeof AdminService> {
  return createClient(AdminService, adminTransport(options));
}
