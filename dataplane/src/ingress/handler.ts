import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiName } from "../apis/api.ts";
import { apis } from "../apis/index.ts";
import type { ResolvedActor } from "../control/ports.ts";
import { errorCode } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { RuntimeConfig, RuntimeProvider } from "../plan/runtime-config.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";
import { recogniseClient } from "./client-session.ts";
import { asGatewayError, errorAnswer } from "./error-answer.ts";
import type { Credentials } from "./identity/credentials.ts";
import { readCredentials } from "./identity/read-credentials.ts";
import { intercept } from "./intercept.ts";
import { endAndDiscard } from "./linger.ts";
import { passThrough } from "./passthrough.ts";
import { ClientGone } from "./read-body.ts";
import { RequestContext } from "./request-context.ts";
import { errorShapeOf, matchRoute, providerName, type Route, readTarget, type Target } from "./route.ts";
import type { Stage } from "./stage.ts";

/** Handles one client request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The way of a request: route, identity, then interception or pass-through. Every refusal is answered here. */
export function createHandler(stage: Stage): RequestHandler {
  return (request, response) => {
    void stage.drain.during(handle(stage, request, response).then(() => flushed(stage, response)));
  };
}

/** Waits until the client has taken the last byte, or has gone; a shutdown does not wait for it without end. */
async function flushed(stage: Stage, response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed) return;
  const untrack = stage.drain.track(() => response.destroy());
  await new Promise((resolve) => response.once("close", resolve));
  untrack();
}

async function handle(stage: Stage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const context = new RequestContext(request, response, recogniseClient(request.headers));
  let shape: ApiName = errorShapeOf((request.url ?? "").replace(/\?.*$/s, ""));
  // Until it goes upstream, a request is broken off by its connection: whatever it waits for then ends.
  const untrack = stage.drain.track(() => context.sent || response.destroy());
  try {
    checkHost(request);
    const config = readyConfig(stage);
    const target = readTarget(request.url ?? "/");
    shape = errorShapeFor(config.providers.get(providerName(target)), errorShapeOf(target.path));
    const route = findRoute(request, target, config);
    if (route.kind === "hello") return answerHello(response);
    if (route.kind === "intercept") shape = route.api;
    const { rules } = config.identity;
    const credentials = readCredentials(request, rules, route.provider.kind.byokOnly);
    const caller = await identify(stage, context, route, credentials);
    context.hold(stage.concurrency.enter(caller.actor.id, config.limits));
    const credential = chooseCredential(route.provider, credentials, caller);
    if (route.kind === "intercept")
      await intercept(stage, context, { route, api: apis[route.api], config, caller, credential });
    else await passThrough(stage, context, { route, config, caller, credential });
  } catch (error) {
    answerError(stage, context, error, shape);
  } finally {
    untrack();
    context.close();
  }
}

/** HTTP/1.1 demands the header: a request without it was not meant for a server that anyone chose. */
function checkHost({ httpVersion, headers }: IncomingMessage): void {
  if (httpVersion === "1.1" && headers.host === undefined)
    throw new GatewayError("invalid_body", "The request has no Host header.");
}

function readyConfig(stage: Stage): RuntimeConfig {
  if (stage.drain.draining)
    throw new GatewayError("shutting_down", "The gateway is shutting down. Send the request again.", {
      retryAfter: 1,
    });
  const config = stage.config();
  if (config !== undefined) return config;
  throw new GatewayError(
    "not_ready",
    "The gateway has not received its configuration yet. Try again shortly.",
    { retryAfter: 2 },
  );
}

function findRoute(request: IncomingMessage, target: Target, config: RuntimeConfig): Route {
  const route = matchRoute(request.method ?? "GET", target, config.providers);
  if (route.kind === "hello") return route;
  const { disabled } = route.provider;
  if (disabled !== undefined) throw new GatewayError("provider_disabled", `${disabled}.`, { retryAfter: 60 });
  return route;
}

/** A known provider's own shape, else what the path suggests. */
function errorShapeFor(provider: RuntimeProvider | undefined, byPath: ApiName): ApiName {
  return byPath === "messages" || provider === undefined ? byPath : provider.kind.errorShape;
}

function identify(
  stage: Stage,
  { request, client }: RequestContext,
  route: { provider: RuntimeProvider; template: string },
  { identity }: Credentials,
): ResolvedActor | Promise<ResolvedActor> {
  return stage.actors.resolve({
    credential: identity,
    providerName: route.provider.name,
    route: route.template,
    client,
    userAgent: request.headers["user-agent"] ?? "",
    remoteAddress: request.socket.remoteAddress ?? "",
  });
}

/** The user's own credential if there is one, else the first central key. */
function chooseCredential(
  provider: RuntimeProvider,
  { byok, identity }: Credentials,
  caller: ResolvedActor,
): UpstreamCredential {
  if (byok !== undefined) {
    if (caller.byokAllowed) return byok;
    throw new GatewayError(
      "byok_not_allowed",
      "You may not use a provider credential of your own here: send your aibridge token alone.",
    );
  }
  if (provider.kind.byokOnly) {
    const apart =
      identity.kind === "trusted_actor_id" ? "" : ", and your aibridge credential as X-AIBridge-Token";
    throw new GatewayError(
      "unauthenticated",
      `Provider ${provider.name} needs your own credential: send it as Authorization${apart}.`,
    );
  }
  const [key] = provider.keys;
  if (key === undefined)
    throw new GatewayError(
      "provider_without_key",
      `Provider ${provider.name} has no key configured. Tell your administrator.`,
    );
  return { headers: [provider.kind.keyHeader(key.secret)], hint: key.hint, byok: false };
}

function answerHello(response: ServerResponse): void {
  response.writeHead(200, { "content-length": "0" }).end();
}

function answerError(stage: Stage, context: RequestContext, thrown: unknown, shape: ApiName): void {
  const { request, response } = context;
  if (thrown instanceof ClientGone || response.destroyed) return;
  const error = asGatewayError(thrown);
  stage.metrics.refusals.inc({ code: error.code });
  if (error.code === "internal_error")
    stage.log.error(
      { reason: errorCode(error.cause), stack: error.cause instanceof Error ? error.cause.stack : undefined },
      "request failed",
    );
  if (response.headersSent) return void response.destroy();
  const { status, headers, body } = errorAnswer(error, apis[shape]);
  // What is left of an unread body is not worth reading: the connection ends with this answer.
  if (!request.complete) headers.push("connection", "close");
  endAndDiscard(request, response.writeHead(status, headers), body);
}
