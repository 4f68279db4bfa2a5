/** Typed clients, one factory for each service. */
export { createActorClient } from "./actor-client.ts";
export { createAdminClient } from "./admin-client.ts";
export { createConfigClient } from "./config-client.ts";
export { createRecorderClient } from "./recorder-client.ts";
export { createToolPolicyClient } from "./tool-policy-client.ts";
export type { AdminClientOptions, GatewayClientOptions, ServiceAddress } from "./transport.ts";
export { createUsageClient } from "./usage-client.ts";
