import type { Invalidation } from "@aibridge/proto";
import type { CompiledOptions } from "./config/compile-options.ts";
import { askActor } from "./control/ask-actor.ts";
import { CachedActors } from "./control/cached-actors.ts";
import { Channels } from "./control/channels.ts";
import { identifyCaller } from "./control/identify-caller.ts";
import { askInProcess } from "./control/in-process-actors.ts";
import type { AskActor } from "./control/ports.ts";
import { jwtVerifier } from "./control/verify-jwt.ts";
import { watchConfig } from "./control/watch-config.ts";
import { BodyBudget } from "./ingress/body-budget.ts";
import { ConcurrencyLimits } from "./ingress/concurrency-limits.ts";
import { Drain } from "./ingress/drain.ts";
import { createHandler, type RequestHandler } from "./ingress/handler.ts";
import { CurrentConfig } from "./plan/current-config.ts";
import { deliverInProcess } from "./record/in-process-recorder.ts";
import { StreamRecorder, type StreamRecorderOptions } from "./record/stream-recorder.ts";
import { LabelBounds } from "./telemetry/interception-metrics.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { UpstreamClient } from "./upstream/upstream-client.ts";

/** A running data plane without a listener of its own. */
export interface Gateway {
  /** Handles client requests of a node:http server. */
  readonly handler: RequestHandler;
  readonly metrics: Metrics;
  /** The configuration in force, where it is replaced. */
  readonly config: CurrentConfig;
  readonly actors: Pick<CachedActors, "invalidate">;
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

/**
 * Builds every stage of a gateway and hands each what it needs.
 * @throws ConfigError if the configuration is given and cannot be worked by
 */
export function buildGateway(options: CompiledOptions): Gateway {
  const { log, gatewayId } = options;
  const metrics = createMetrics(options.metrics);
  const upstream = new UpstreamClient();
  const config = new CurrentConfig({
    log,
    metrics,
    applied: ({ providers }) =>
      upstream.retain(new Set([...providers.values()].map((provider) => provider.origin))),
  });
  const refused = options.config && config.offer(options.config);
  if (refused !== undefined) throw refused;

  const channels = new Channels({ ...options, protocol: options.rpcProtocol });
  // Actors are asked for before a body is read, so the cache answers without a promise wherever it can.
  const actors = new CachedActors({
    ask: identifyCaller(actorSource(options, channels), jwtVerifier(log)),
    staleForMs: () => config.value?.identity.staleForMs ?? 0,
  });
  // Nothing goes upstream before the recorder has the start.
  const recorder = new StreamRecorder({
    ...recorderTarget(options, channels),
    streaming: options.rpcProtocol !== "connect",
    pass: () => config.value?.recording.pass ?? false,
    log,
    metrics,
  });
  const stopping = new AbortController();
  const watching = followConfig(options, channels, { actors, config }, stopping.signal);

  const drain = new Drain();
  const handler = createHandler({
    config: () => config.value,
    actors,
    recorder,
    upstream,
    bodies: new BodyBudget(),
    concurrency: new ConcurrencyLimits(),
    drain,
    metrics,
    labels: new LabelBounds(),
    log,
    gatewayId,
  });

  return {
    handler,
    metrics,
    config,
    actors,
    notReady: () => (config.value === undefined ? "no configuration yet" : recorder.unavailable()),
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

function actorSource({ actors, log }: CompiledOptions, channels: Channels): AskActor {
  return typeof actors === "string" ? askActor(channels.actors(actors)) : askInProcess(actors, log);
}

function recorderTarget(
  { recorder }: CompiledOptions,
  channels: Channels,
): Pick<StreamRecorderOptions, "recorder" | "connected"> {
  if (typeof recorder !== "string") return { recorder: deliverInProcess(recorder) };
  const { client, connected } = channels.recorder(recorder);
  return { recorder: client, ...(connected && { connected }) };
}

/** Follows the configuration service, if there is one, until the signal aborts. */
async function followConfig(
  { configService, gatewayId, log }: CompiledOptions,
  channels: Channels,
  { actors, config }: { readonly actors: CachedActors; readonly config: CurrentConfig },
  signal: AbortSignal,
): Promise<void> {
  if (configService === undefined) return;
  await watchConfig(
    {
      client: channels.config(configService),
      gatewayId,
      log,
      onConfig: (next) => void config.offer(next),
      onInvalidation: (invalidation) => invalidate(actors, invalidation),
      onConnected: () => {
        config.heard();
        actors.reconnected();
      },
      onInterruption: () => {
        config.unheard();
        actors.markStale();
      },
    },
    signal,
  );
}

function invalidate(actors: CachedActors, { scope }: Invalidation): void {
  if (scope.case === "apiKeyId") actors.invalidate({ apiKeyId: scope.value });
  else if (scope.case === "actorId") actors.invalidate({ actorId: scope.value });
  else actors.markStale();
}
