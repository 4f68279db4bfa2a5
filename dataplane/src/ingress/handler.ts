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
import { type Credentials, readCredentials } from "./identify.ts";
import { intercept } from "./intercept.ts";
import { passThrough } from "./passthrough.ts";
import { ClientGone } from "./read-body.ts";
import { RequestContext } from "./request-context.ts";
import { errorShapeOf, matchRoute, type Route, readTarget, type Target } from "./route.ts";
import type { Stage } from "./stage.ts";

/** Handles one client request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The way of a request: route, identity, then interception or pass-through. Every refusal is answered here. */
export function createHandler(stage: Stage): RequestHandler {
  return (request, response) => {
    void stage.drain.during(handle(stage, request, response));
  };
}

async function handle(stage: Stage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const context = new RequestContext(request, response, recogniseClient(request.headers));
  let shape: ApiName = errorShapeOf((request.url ?? "").replace(/\?.*$/s, ""));
  try {
    const config = readyConfig(stage);
    const target = readTarget(request.url ?? "/");
    shape = errorShapeOf(target.path);
    const route = findRoute(request, target, config);
    if (route.kind === "hello") return answerHello(response);
    shape = route.kind === "intercept" ? route.api : shapeOf(route.provider, shape);
    const credentials = readCredentials(request.headers);
    const caller = await identify(stage, context, route, credentials);
    const credential = chooseCredential(route.provider, credentials, caller);
    if (route.kind === "intercept")
      await intercept(stage, context, { route, api: apis[route.api], config, caller, credential });
    else await passThrough(stage, context, { route, config, caller, credential });
  } catch (error) {
    answerError(stage, context, error, shape);
  } finally {
    context.close();
  }
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

function shapeOf(provider: RuntimeProvider, byPath: ApiName): ApiName {
  return byPath === "messages" ? byPath : provider.kind.errorShape;
}

function identify(
  stage: Stage,
  { request, client }: RequestContext,
  route: { provider: RuntimeProvider; template: string },
  { token }: Credentials,
): ResolvedActor | Promise<ResolvedActor> {
  return stage.actors.resolve({
    token,
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
  { byok }: Credentials,
  caller: ResolvedActor,
): UpstreamCredential {
  if (byok !== undefined) {
    if (caller.byokAllowed) return byok;
    throw new GatewayError(
      "byok_not_allowed",
      "You may not use a provider credential of your own here: send your aibridge token alone.",
    );
  }
  if (provider.kind.byokOnly)
    throw new GatewayError(
      "unauthenticated",
      `Provider ${provider.name} needs your own credential: send it as Authorization, and your aibridge token as X-AIBridge-Token.`,
    );
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
  response.writeHead(status, headers).end(body);
}
