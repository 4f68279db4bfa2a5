/** What every server of aibridge services has in common: one port for both HTTP versions, health and reflection. */
export { type RequestHandler, RpcListener, type RpcListenerOptions } from "./rpc-listener.ts";
export { Health, ServingStatus } from "./standard/health-descriptor.ts";
export { type HealthDependencies, healthService, type StreamLifetime } from "./standard/health-service.ts";
export { ServerReflection } from "./standard/reflection-descriptor.ts";
export { reflectionService } from "./standard/reflection-service.ts";
export type { ConnectionLog } from "./tls-front.ts";
export { untilAborted } from "./until-aborted.ts";
