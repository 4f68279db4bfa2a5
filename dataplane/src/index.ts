/**
 * Embedding: a gateway as a request handler in a server of one's own. docs/embedding.md shows how, with node:http,
 * Express and Fastify.
 */
import type { Config } from "@aibridge/proto";
import type { ConfigObject } from "@aibridge/proto/config-file";
import type { Registry } from "prom-client";
import { compileConfig, compileOptions } from "./config/compile-options.ts";
import type { GatewayOptions } from "./config/options.ts";
import { buildGateway } from "./gateway.ts";
import type { RequestHandler } from "./ingress/handler.ts";
import { mountedHandler } from "./ingress/mounted-handler.ts";
import { Turns } from "./ingress/turns.ts";

export type {
  Interception,
  InterceptionEnded,
  ModelThought,
  PromptUsage,
  TokenUsage,
  ToolUsage,
} from "@aibridge/proto";
export { ConfigFileError, type ConfigObject } from "@aibridge/proto/config-file";
export { Code, ConnectError } from "@connectrpc/connect";
export type { ToolRules } from "./apis/tool-conversation.ts";
export { OptionError } from "./config/option-error.ts";
export type { GatewayMetricsOptions, GatewayOptions } from "./config/options.ts";
export type { ActorFunctions, HostActor } from "./control/in-process-actors.ts";
export type { LastMessage, MessageQuery } from "./control/last-messages.ts";
export type { ActorCredential, ActorQuery } from "./control/ports.ts";
export type { RequestHandler } from "./ingress/handler.ts";
export { ConfigError } from "./plan/config-error.ts";
export type { RecorderFunctions } from "./record/in-process-recorder.ts";
export type { Tracing } from "./telemetry/tracing.ts";

/** A gateway inside a host's server. */
export interface EmbeddedGateway {
  /** Answers requests of an HTTP/1.1 server. The body must not have been read. */
  readonly handler: RequestHandler;
  /** The gateway's metrics (prom-client). A registry of its own, so that names cannot clash with the host's. */
  readonly registry: Registry;
  /** Undefined if requests can be served, else why not, in a few words. For the host's readiness probe. */
  notReady(): string | undefined;
  /**
   * Replaces the configuration; it applies from the next request on.
   * @throws ConfigFileError or ConfigError if it cannot be used; the last good one stays
   */
  configure(config: ConfigObject | Config): void;
  /** Forgets what is known of an actor or of a credential: it is asked for at its next request. */
  forget(who: { readonly actorId: string } | { readonly apiKeyId: string }): void;
  /**
   * Refuses new requests, lets those under way finish, and delivers their records. Calling it again waits for the same.
   * @param graceMs how long requests under way may take, in milliseconds. @default 30000
   * @returns the number of records that could not be delivered
   */
  close(graceMs?: number): Promise<number>;
}

const defaultGraceMs = 30_000;

/**
 * Makes a gateway.
 * @throws OptionError for an option, ConfigFileError or ConfigError for a configuration that cannot be used
 */
export function createGateway(options: GatewayOptions): EmbeddedGateway {
  const compiled = compileOptions(options);
  const gateway = buildGateway(compiled);
  const { metrics } = gateway;
  const turns = new Turns(gateway.handler);
  let closing: Promise<number> | undefined;
  return {
    handler: mountedHandler((request, response) => turns.serve(request, response), { ...compiled, metrics }),
    registry: metrics.registry,
    notReady: () => gateway.notReady(),
    configure: (config) => {
      const refused = gateway.config.offer(compileConfig(config));
      if (refused !== undefined) throw refused;
    },
    forget: (who) => gateway.actors.invalidate(who),
    close: (graceMs = defaultGraceMs) => {
      closing ??= gateway.close(graceMs);
      return closing;
    },
  };
}
