/** Embedding: a gateway as a request handler for a node:http server. */
export type { GatewayOptions } from "./config/options.ts";
export type { ServiceUrls } from "./control/channels.ts";
export { createGateway, type Gateway } from "./gateway.ts";
export type { RequestHandler } from "./ingress/handler.ts";
export { createLog } from "./telemetry/log.ts";
