import type { Config } from "@aibridge/proto";
import type { WatchedCertificates } from "@aibridge/proto/channel";
import type { ConfigObject } from "@aibridge/proto/config-file";
import type { ToolRules } from "../apis/tool-conversation.ts";
import type { RpcProtocol } from "../control/channels.ts";
import type { ActorFunctions } from "../control/in-process-actors.ts";
import type { RecorderFunctions } from "../record/in-process-recorder.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Tracing } from "../telemetry/tracing.ts";

/**
 * How a gateway is set up. Where records go, who says who a caller is, and where the configuration comes from must be
 * given one way or the other; everything else has a default.
 */
export interface GatewayOptions {
  /**
   * URL of a control plane. It serves every service that is not given by an option of its own.
   * @default none
   */
  readonly controlPlane?: string | undefined;
  /**
   * Where records go: the URL of a RecorderService, or six functions that are called in this process.
   * @default `controlPlane`
   */
  readonly recorder?: string | RecorderFunctions | undefined;
  /**
   * Who says who a caller is: the URL of an ActorService, or a function that is called in this process.
   * @default `controlPlane`
   */
  readonly actors?: string | ActorFunctions | undefined;
  /**
   * URL of a ConfigService, which sends the configuration and its changes.
   * @default `controlPlane`, unless `config` is given
   */
  readonly configService?: string | undefined;
  /**
   * Which central MCP tools an actor gets: the URL of a ToolPolicyService.
   * @default `controlPlane`; none without it
   */
  readonly toolPolicy?: string | undefined;
  /**
   * What is done so that providers take what clients make of answers with hidden calls of central tools.
   * @default every rule applies
   */
  readonly toolRules?: ToolRules | undefined;
  /**
   * The configuration itself: an object with the keys of `aibridge.yaml`, or a Config message. `configure` changes it
   * later. Its `mcp_servers` are not used.
   * @default what the configuration service sends
   */
  readonly config?: ConfigObject | Config | undefined;
  /**
   * Sent with every call to a service that is given as a URL; at least 32 characters. Secret.
   * @default none; needed as soon as there is such a URL
   */
  readonly gatewayKey?: string | undefined;
  /**
   * Folder in which records are kept until they are delivered, made if it is not there; several gateways may share it.
   * It should be on a disk that survives the process.
   * @default none: records are kept in 64 MiB of memory, `recording.durability` is not looked at, and every request
   * waits until the recorder has acknowledged its start, as with `recorder`
   */
  readonly spool?: string | undefined;
  /**
   * Name of this gateway in records.
   * @default a random one
   */
  readonly gatewayId?: string | undefined;
  /**
   * How services are called: gRPC over HTTP/2, or Connect over HTTP/1.1.
   * @default "grpc"
   */
  readonly rpcProtocol?: RpcProtocol | undefined;
  /**
   * For services with an https URL: whom to trust, and what to show of this gateway.
   * @default the well-known authorities, and nothing
   */
  readonly certificates?: WatchedCertificates | undefined;
  /**
   * Allow service URLs without TLS that are not on this machine.
   * @default false
   */
  readonly insecurePlaintext?: boolean | undefined;
  /**
   * Path in front of the provider's name, such as "/ai", for servers that leave it in the request's URL. Express takes it
   * away itself.
   * @default ""
   */
  readonly basePath?: string | undefined;
  /**
   * Where the gateway's log goes: a pino logger.
   * @default nowhere
   */
  readonly log?: Logger | undefined;
  /**
   * Spans of interceptions and of calls of central tools: what `tracingWith` of `@aibridge/dataplane/tracing` makes of an
   * OpenTelemetry tracer provider.
   * @default none
   */
  readonly tracing?: Tracing | undefined;
  /** @default every member's default */
  readonly metrics?: GatewayMetricsOptions | undefined;
}

/** Which metrics a gateway's own registry holds. */
export interface GatewayMetricsOptions {
  /**
   * Put before the name of every metric.
   * @default "aibridge_"
   */
  readonly prefix?: string | undefined;
  /**
   * Label metrics with the actor's id.
   * @default false
   */
  readonly initiator?: boolean | undefined;
  /**
   * Collect the metrics of the process too: memory, CPU, event loop.
   * @default false: a host collects its own
   */
  readonly process?: boolean | undefined;
}
