import type { Config, Invalidation } from "@aibridge/proto";
import type { GatewayOptions } from "./config/options.ts";
import { askActor } from "./control/ask-actor.ts";
import { CachedActors } from "./control/cached-actors.ts";
import { Channels } from "./control/channels.ts";
import { watchConfig } from "./control/watch-config.ts";
import { BodyBudget } from "./ingress/body-budget.ts";
import { Drain } from "./ingress/drain.ts";
import { createHandler, type RequestHandler } from "./ingress/handler.ts";
import { ConfigError, type RuntimeConfig, runtimeConfig } from "./plan/runtime-config.ts";
import { StreamRecorder } from "./record/stream-recorder.ts";
import { LabelBounds } from "./telemetry/interception-metrics.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { UpstreamClient } from "./upstream/upstream-client.ts";

/** A running data plane without a listener of its own. */
export interface Gateway {
  /** Handles client requests of a node:http server. */
  readonly handler: RequestHandler;
  readonly metrics: Metrics;
  /** Undefined if requests can be served, else why not, in a few words. */
  notReady(): string | undefined;
  /**
   * Stops: new requests are refused, those under way get `graceMs` to finish, then records are delivered. Resolves with
   * the number of records that could not be.
   */
  close(graceMs: number): Promise<number>;
}

/** Time that is left for the delivery of records after the last request ended, in milliseconds. */
const flushMs = 5_000;

/** Builds every stage of a gateway and hands each what it needs. */
export function createGateway(options: GatewayOptions): Gateway {
  const { log } = options;
  const metrics = createMetrics({
    prefix: options.metricsPrefix ?? "aibridge_",
    initiator: options.metricsInitiator ?? false,
  });
  const channels = new Channels({
    urls: options.urls,
    gatewayKey: options.gatewayKey,
    protocol: options.rpcProtocol ?? "grpc",
  });
  const upstream = new UpstreamClient();
  const drain = new Drain();
  const stopping = new AbortController();
  let config: RuntimeConfig | undefined;

  // Actors are asked for before a body is read, so the cache answers without a promise wherever it can.
  const actors = new CachedActors({
    ask: askActor(channels.actors),
    staleForMs: () => config?.identity.staleForMs ?? 0,
  });
  // Nothing goes upstream before the recorder has the start.
  const recorder = new StreamRecorder({
    client: channels.recorder,
    ...(channels.recorderConnected && { connected: channels.recorderConnected }),
    streaming: options.rpcProtocol !== "connect",
    pass: () => config?.recording.pass ?? false,
    log,
    metrics,
  });

  const apply = (next: Config): void => {
    try {
      config = runtimeConfig(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      metrics.configRejected.inc();
      log.error(
        { version: next.version, reason: error.message },
        "configuration refused: the last good one stays",
      );
      return;
    }
    upstream.retain(new Set([...config.providers.values()].map((provider) => provider.origin)));
    log.info({ version: config.version, providers: [...config.providers.keys()] }, "configuration applied");
  };
  const watching = startConfig(options, channels, actors, apply, stopping.signal);

  const handler = createHandler({
    config: () => config,
    actors,
    recorder,
    upstream,
    bodies: new BodyBudget(),
    drain,
    metrics,
    labels: new LabelBounds(),
    log,
    gatewayId: options.gatewayId,
  });

  return {
    handler,
    metrics,
    notReady: () => (config === undefined ? "no configuration yet" : recorder.unavailable()),
    close: async (graceMs) => {
      await drain.close(graceMs);
      stopping.abort();
      const undelivered = await recorder.close(flushMs);
      await Promise.all([watching, upstream.close()]);
      channels.close();
      return undelivered;
    },
  };
}

/** Takes the configuration from where it comes from: the options, else the configuration service. */
function startConfig(
  options: GatewayOptions,
  channels: Channels,
  actors: CachedActors,
  apply: (config: Config) => void,
  signal: AbortSignal,
): Promise<void> {
  if (options.config !== undefined) apply(options.config);
  if (channels.config === undefined) return Promise.resolve();
  const { gatewayId, log } = options;
  return watchConfig(
    {
      client: channels.config,
      gatewayId,
      log,
      onConfig: options.config === undefined ? apply : () => undefined,
      onInvalidation: (invalidation) => invalidate(actors, invalidation),
      onInterruption: () => actors.markStale(),
    },
    signal,
  );
}

function invalidate(actors: CachedActors, { scope }: Invalidation): void {
  if (scope.case === "apiKeyId") actors.invalidate({ apiKeyId: scope.value });
  else if (scope.case === "actorId") actors.invalidate({ actorId: scope.value });
  else actors.markStale();
}
