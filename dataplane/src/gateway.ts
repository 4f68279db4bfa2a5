import type { Invalidation } from "@aibridge/proto";
import { API_VERSION } from "@aibridge/proto/channel";
import { Code } from "@connectrpc/connect";
import { LooseThoughtMemory } from "./apis/messages/tools/loose-thoughts.ts";
import { LooseReasoningMemory } from "./apis/responses/tools/loose-reasoning-memory.ts";
import { ResponseAliasMemory } from "./apis/responses/tools/response-aliases.ts";
import type { CompiledOptions } from "./config/compile-options.ts";
import { OptionError } from "./config/option-error.ts";
import { askActor } from "./control/ask-actor.ts";
import { CachedActors } from "./control/cached-actors.ts";
import { Channels } from "./control/channels.ts";
import { identifyCaller } from "./control/identify-caller.ts";
import { askInProcess } from "./control/in-process-actors.ts";
import { type AskLastMessage, askLastMessage, LastMessages } from "./control/last-messages.ts";
import type { AskActor } from "./control/ports.ts";
import { askToolPolicy, CachedToolPolicies } from "./control/tool-policies.ts";
import { jwtVerifier } from "./control/verify-jwt.ts";
import { watchConfig } from "./control/watch-config.ts";
import { errorCode } from "./errors/from-reason.ts";
import { BodyBudget } from "./ingress/body-budget.ts";
import { ConcurrencyLimits } from "./ingress/concurrency-limits.ts";
import { Drain } from "./ingress/drain.ts";
import { createHandler, type RequestHandler } from "./ingress/handler.ts";
import { LeftOutReport } from "./ingress/left-out-report.ts";
import { guardedFetch } from "./mcp/guarded-fetch.ts";
import { ServerLinks } from "./mcp/server-links.ts";
import { ToolPins } from "./mcp/tool-pins.ts";
import { pinByService, pinByServiceOrHere } from "./mcp/tool-pins-service.ts";
import { ToolSource } from "./mcp/tool-source.ts";
import { ConversationTools } from "./plan/conversation-tools.ts";
import { CurrentConfig } from "./plan/current-config.ts";
import { defaultSpoolBytes } from "./plan/runtime-config.ts";
import { DurableRecorder, type DurableRecorderOptions } from "./record/durable-recorder.ts";
import { deliverInProcess, findInProcess } from "./record/in-process-recorder.ts";
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
 * @throws ConfigError if the configuration is given and cannot be worked by, OptionError if the spool's folder cannot
 */
export function buildGateway(options: CompiledOptions): Gateway {
  const { log, gatewayId, tracing } = options;
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
  // Nothing goes upstream before the start is as safe as the configuration asks.
  const recorder = buildRecorder(options, { ...recorderTarget(options, channels), config, metrics });
  const tools = centralTools(options, channels, { config, metrics });
  const stopping = new AbortController();
  const watching = followConfig(options, channels, { actors, config, tools }, stopping.signal);

  const drain = new Drain();
  const handler = createHandler({
    config: () => config.value,
    actors,
    tools,
    recorder,
    upstream,
    bodies: new BodyBudget(),
    concurrency: new ConcurrencyLimits(),
    drain,
    metrics,
    labels: new LabelBounds(),
    tracing,
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
      const [undelivered] = await Promise.all([recorder.close(flushMs), tracing?.flush(flushMs)]);
      await Promise.all([watching, upstream.close(), tools?.close()]);
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
): Pick<DurableRecorderOptions, "recorder" | "connected"> {
  if (typeof recorder !== "string") return { recorder: deliverInProcess(recorder) };
  const { client, connected } = channels.recorder(recorder);
  return { recorder: client, ...(connected && { connected }) };
}

function messageSource({ recorder }: CompiledOptions, channels: Channels): AskLastMessage {
  return typeof recorder === "string"
    ? askLastMessage(channels.recorder(recorder).client)
    : findInProcess(recorder);
}

/** Central tools: who gets them, where they are, and how they are called. */
function centralTools(
  options: CompiledOptions,
  channels: Channels,
  { config, metrics }: { readonly config: CurrentConfig; readonly metrics: Metrics },
) {
  const { toolPolicy, toolRules, log } = options;
  if (toolPolicy === undefined) return undefined;
  const client = channels.toolPolicies(toolPolicy);
  const policies = new CachedToolPolicies({
    ask: askToolPolicy(client),
    failed: (error) => log.warn({ reason: errorCode(error) }, "the tool policy service cannot be asked"),
  });
  const { fetch, close } = guardedFetch();
  const links = new ServerLinks({
    fetch,
    clientVersion: API_VERSION,
    log,
    reached: (server, up) => metrics.mcpServerUp.set({ server }, up ? 1 : 0),
  });
  const pins = new ToolPins({
    pin: pinByServiceOrHere(pinByService(client), () =>
      log.warn("the tool policy service does not remember tools: this data plane does, as long as it runs"),
    ),
    mode: () => config.value?.mcp.pinning ?? "off",
    log,
    changed: (server, definitions) => metrics.mcpToolsChanged.inc({ server }, definitions),
  });
  const source = new ToolSource({
    policies,
    links,
    pins,
    log,
    discoveryBudgetMs: () => config.value?.mcp.discoveryBudgetMs ?? 0,
    discoveryFailed: (server) => metrics.mcpDiscoveryFailures.inc({ server }),
  });
  return {
    source,
    conversations: new ConversationTools(source),
    leftOut: new LeftOutReport(log, metrics),
    aliases: new ResponseAliasMemory(),
    thoughts: new LooseThoughtMemory(),
    reasoning: new LooseReasoningMemory(),
    rules: toolRules,
    lastMessages: new LastMessages({
      ask: messageSource(options, channels),
      failed: ({ code, rawMessage }) =>
        log.warn({ code: Code[code], reason: rawMessage }, "the recorder cannot look messages up"),
      unimplemented: () => log.info("the recorder does not implement FindLastMessage"),
    }),
    policies,
    pins,
    close: () => {
      links.close();
      return close();
    },
  };
}

/** @throws OptionError if the folder of the spool cannot be used */
function buildRecorder(
  { spool, rpcProtocol, log }: CompiledOptions,
  {
    config,
    ...others
  }: Pick<DurableRecorderOptions, "recorder" | "connected" | "metrics"> & { readonly config: CurrentConfig },
): DurableRecorder {
  const recording = () => config.value?.recording;
  const options: DurableRecorderOptions = {
    ...others,
    streaming: rpcProtocol !== "connect",
    pass: () => recording()?.pass ?? false,
    log,
  };
  if (spool === undefined) return new DurableRecorder(options);
  const maxBytes = () => recording()?.spoolMaxBytes ?? defaultSpoolBytes;
  const durability = () => recording()?.durability ?? "process";
  try {
    return new DurableRecorder({ ...options, spool: { root: spool, maxBytes, durability } });
  } catch (error) {
    throw new OptionError("spool", `folder ${spool} cannot be used (${errorCode(error)})`);
  }
}

/** Follows the configuration service, if there is one, until the signal aborts. */
async function followConfig(
  { configService, gatewayId, log }: CompiledOptions,
  channels: Channels,
  {
    actors,
    config,
    tools,
  }: {
    readonly actors: CachedActors;
    readonly config: CurrentConfig;
    readonly tools: { readonly policies: CachedToolPolicies; readonly pins: ToolPins } | undefined;
  },
  signal: AbortSignal,
): Promise<void> {
  if (configService === undefined) return;
  await watchConfig(
    {
      client: channels.config(configService),
      gatewayId,
      log,
      onConfig: (next) => void config.offer(next),
      onInvalidation: (invalidation) => {
        invalidate(actors, invalidation);
        tools?.policies.markStale();
        tools?.pins.markStale();
      },
      onConnected: () => {
        config.heard();
        actors.reconnected();
        tools?.policies.markStale();
        tools?.pins.markStale();
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
