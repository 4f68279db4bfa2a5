import type { Config } from "@aibridge/proto";
import type { RpcProtocol, ServiceUrls } from "../control/channels.ts";
import type { Logger } from "../telemetry/log.ts";

/** How a gateway is set up. What requests are handled by comes later, as Config. */
export interface GatewayOptions {
  /** Where the services of the control side are. */
  readonly urls: ServiceUrls;
  /** Opens those services. Secret. */
  readonly gatewayKey: string;
  /** Name of this gateway in records. */
  readonly gatewayId: string;
  /** A fixed configuration, instead of one that `urls.config` sends. */
  readonly config?: Config;
  /** How the services are called. @default "grpc" */
  readonly rpcProtocol?: RpcProtocol;
  readonly log: Logger;
  /** Put before every metric's name. @default "aibridge_" */
  readonly metricsPrefix?: string;
  /** Label metrics with the actor's id. @default false */
  readonly metricsInitiator?: boolean;
}
