import type { IncomingMessage } from "node:http";
import { INTERCEPTION_ID_HEADER, uuidv7 } from "@aibridge/proto/channel";
import type { Api, ApiRequest } from "../apis/api.ts";
import type { ResolvedActor } from "../control/ports.ts";
import { errorCode } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import { Exchange, type ExchangeEnd, type ExchangeOptions } from "../loop/exchange.ts";
import { plainRelay } from "../loop/plain-relay.ts";
import { runCalls } from "../loop/run-calls.ts";
import { ToolLoop } from "../loop/tool-loop.ts";
import { TurnRelay } from "../loop/turn-relay.ts";
import type { RuntimeConfig, RuntimeProvider } from "../plan/runtime-config.ts";
import { InterceptionRecording } from "../record/interception-recording.ts";
import { RecordingRefused } from "../record/recorder.ts";
import { InterceptionMetrics } from "../telemetry/interception-metrics.ts";
import { concealed, secretsOf } from "../upstream/conceal.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";
import { upstreamHeaders } from "../upstream/headers.ts";
import type { UpstreamRequest } from "../upstream/upstream-client.ts";
import { recordLeftOut, runCall, type ToolRequest, toolRequest } from "./central-tools.ts";
import { ClientAnswer } from "./client-answer.ts";
import { clientSession } from "./client-session.ts";
import { errorAnswer } from "./error-answer.ts";
import type { RequestBody } from "./read-body.ts";
import type { RequestContext } from "./request-context.ts";
import type { InterceptRoute } from "./route.ts";
import type { Stage } from "./stage.ts";

/** A request that has been read and may become an interception. */
interface Admitted {
  readonly route: InterceptRoute;
  readonly api: Api;
  readonly config: RuntimeConfig;
  readonly caller: ResolvedActor;
  readonly credential: UpstreamCredential;
  readonly body: RequestBody;
  readonly request: ApiRequest;
}

/** An admitted request with everything that is looked up for it. */
interface Planned extends Admitted {
  /** The client's name for the conversation. */
  readonly session: string | undefined;
  readonly tools: ToolRequest | undefined;
}

/** Longest time an answer is read on after its client went away, where the configuration says so. */
const drainMs = 60_000;

/** The life of one intercepted request, from its body to its end. Throws a GatewayError only before it is recorded. */
export async function intercept(
  stage: Stage,
  context: RequestContext,
  admitted: Omit<Admitted, "body" | "request">,
): Promise<void> {
  const { config, api } = admitted;
  const body = await context.readBody(stage.bodies, config);
  const request = api.readRequest(body.decoded);
  const whole: Admitted = { ...admitted, body, request };
  checkStoredState(whole);
  const session = clientSession(context.client, context.request.headers, request.facts.metadataUserId);
  const tools = toolRequest(stage, {
    caller: admitted.caller,
    providerName: admitted.route.provider.name,
    route: admitted.route.template,
    api,
    request,
    addUsage: addsUsage(whole),
    client: context.client,
    clientSessionId: session,
    maxTurns: config.mcp.maxTurns,
  });
  await serve(stage, context, { ...whole, session, tools: tools instanceof Promise ? await tools : tools });
}

async function serve(stage: Stage, context: RequestContext, admitted: Planned): Promise<void> {
  const id = uuidv7();
  const { request: incoming, response } = context;
  const answer = new ClientAnswer(response, {
    extraHeaders: [INTERCEPTION_ID_HEADER, id],
    acceptedAt: context.acceptedAt,
    stallMs: admitted.config.timeouts.idleMs,
  });
  const { recording, metrics } = newRecording(stage, context, admitted, id);
  let end: ExchangeEnd;
  try {
    await recording.begin();
    const exchange = newServing(stage, admitted, incoming, answer, recording);
    context.sent = true;
    const untrack = stage.drain.track((reason) => exchange.abort(reason));
    metrics.dispatched(context.ownMs());
    end = await exchange.run().finally(untrack);
  } catch (error) {
    endUnserved(error, answer, recording, admitted);
    throw error;
  }
  if (end.failure !== undefined && !answer.started && !answer.gone)
    sendError(stage, answer, end.failure, admitted.api);
  recordEnd(recording, end, answer, admitted.credential);
  logEnd(stage, context, admitted, id, end, answer);
}

/** A request that was begun but never sent: it ends REJECTED if its start may be in the store. */
function endUnserved(
  error: unknown,
  answer: ClientAnswer,
  recording: InterceptionRecording,
  admitted: Admitted,
): void {
  if (error instanceof RecordingRefused && !error.mayBeStored) return;
  const { code, status, message } =
    error instanceof GatewayError ? error : { code: "internal_error", status: 500, message: "" };
  recording.end({
    outcome: error instanceof GatewayError ? "rejected" : "failed",
    httpStatus: answer.gone ? 0 : status,
    errorType: code,
    errorMessage: message,
    timeToFirstByteMs: undefined,
    credentialHint: admitted.credential.hint,
    upstreamTurns: 0,
  });
}

function newRecording(stage: Stage, context: RequestContext, admitted: Planned, id: string) {
  const { route, config, caller, credential, request } = admitted;
  const { provider, template } = route;
  const { headers } = context.request;
  const labels = {
    provider: provider.name,
    model: request.facts.model,
    route: template,
    client: context.client,
    initiatorId: caller.actor.id,
  };
  const metrics = new InterceptionMetrics(stage.metrics, stage.labels, labels, context.acceptedAt);
  const start = {
    id,
    actor: caller.actor,
    provider: provider.kind.type,
    providerName: provider.name,
    route: template,
    facts: request.facts,
    client: context.client,
    clientSessionId: admitted.session,
    userAgent: headers["user-agent"] ?? "",
    byok: credential.byok,
    credentialHint: credential.hint,
    gatewayId: stage.gatewayId,
    startedAtMs: context.startedAtMs,
  };
  return { recording: new InterceptionRecording(start, stage.recorder, metrics, config.recording), metrics };
}

/** One exchange, or several with calls of central tools between them. */
function newServing(
  stage: Stage,
  admitted: Planned,
  incoming: IncomingMessage,
  downstream: ClientAnswer,
  recording: InterceptionRecording,
): Pick<Exchange, "run" | "abort"> {
  const { route, api, config, request, credential, tools } = admitted;
  const { facts } = request;
  const addUsage = addsUsage(admitted);
  const answer = {
    api,
    observe: { hideUsage: addUsage, usageOptional: facts.warmUp },
    sink: recording,
    concealed: credential.byok ? [] : secretsOf(credential.headers),
  };
  const newExchange = (
    sent: SentBody,
    how: Pick<ExchangeOptions, "relay" | "edited" | "downstream" | "errorEvent">,
  ) =>
    new Exchange({
      ...how,
      client: stage.upstream,
      request: upstreamRequest(admitted, incoming, sent),
      acceptEncoding: incoming.headers["accept-encoding"]?.toString(),
      provider: route.provider.name,
      maxRetries: route.provider.maxRetries,
      drainMs: config.drainOnDisconnect ? drainMs : 0,
      settled: () => recording.settled(),
    });
  if (tools === undefined)
    return newExchange(
      { edited: addUsage ? api.addIncludeUsage(request) : undefined },
      { relay: plainRelay(answer), edited: addUsage, downstream },
    );
  const { conversation } = tools;
  const first = conversation.body;
  const errorEvent = (error: GatewayError) => conversation.errorEvent(error);
  const { concurrency, callTimeoutMs, maxTurns } = config.mcp;
  return new ToolLoop({
    conversation,
    downstream,
    provider: route.provider.name,
    maxTurns,
    newRelay: () =>
      new TurnRelay({
        ...answer,
        conversation,
        leftOut: (calls) => recordLeftOut(recording, calls, tools),
      }),
    newExchange: (body, relay, turn) =>
      newExchange(
        { edited: body, followUp: body !== first },
        { relay, edited: true, downstream: turn, errorEvent },
      ),
    run: (calls, signal) => {
      const run = { stage, request: tools, recording, timeoutMs: callTimeoutMs, signal };
      return runCalls(calls, { run: (call) => runCall(call, run), concurrency });
    },
  });
}

interface SentBody {
  /** Undefined for the body as it came. */
  readonly edited: Buffer | undefined;
  /** True for a request after the one that the client's became. @default false */
  readonly followUp?: boolean;
}

function upstreamRequest(
  admitted: Admitted,
  incoming: IncomingMessage,
  { edited, followUp = false }: SentBody,
): UpstreamRequest {
  const { route, config, caller, credential, body } = admitted;
  const { provider } = route;
  const headers = upstreamHeaders(incoming.rawHeaders, {
    credential,
    identityEncoding: true,
    decodedBody: edited !== undefined,
    followUp,
    trustedHeader: config.identity.trustedHeader,
    actor: provider.sendActorHeaders ? caller.actor : undefined,
  });
  const path = route.upstreamTarget;
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  return {
    origin: provider.origin,
    method: "POST",
    path,
    headers,
    body: edited ?? body.bytes,
    connectMs,
    firstByteMs,
    idleMs,
  };
}

/** True if the gateway asks for the usage of a stream whose client does not. */
function addsUsage({ request: { facts }, route }: Admitted): boolean {
  return facts.streaming && !facts.includesUsage && route.provider.includeUsage;
}

/** With a central key the stored answer of a background request could be read by others who use that key. */
function checkStoredState({
  request,
  credential,
  route,
}: {
  request: ApiRequest;
  credential: UpstreamCredential;
  route: { provider: RuntimeProvider };
}): void {
  if (!request.facts.storedState || credential.byok || route.provider.allowStoredState) return;
  throw storedStateRefused();
}

export function storedStateRefused(): GatewayError {
  return new GatewayError(
    "stored_state_not_allowed",
    "With a shared key, answers stored at the provider could be read by others. Bring your own key (X-AIBridge-Token plus your provider's credential), leave out background, or ask for allow_stored_state.",
  );
}

function sendError(stage: Stage, answer: ClientAnswer, error: GatewayError, api: Api): void {
  stage.metrics.refusals.inc({ code: error.code });
  const { status, headers, body } = errorAnswer(error, api);
  answer.start(status, headers);
  answer.end(body);
}

function recordEnd(
  recording: InterceptionRecording,
  end: ExchangeEnd,
  answer: ClientAnswer,
  credential: UpstreamCredential,
): void {
  recording.end({
    outcome: end.outcome,
    httpStatus: answer.status,
    errorType: end.failure?.code ?? end.upstreamError?.type ?? "",
    errorMessage: concealed(
      end.failure?.message ?? end.upstreamError?.message ?? "",
      secretsOf(credential.headers),
    ),
    timeToFirstByteMs: answer.firstByteMs,
    credentialHint: credential.hint,
    upstreamTurns: end.answers,
  });
}

/** One line for each interception, without content and without the actor's credentials. */
function logEnd(
  { log }: Stage,
  context: RequestContext,
  { route, caller, request }: Admitted,
  interceptionId: string,
  end: ExchangeEnd,
  answer: ClientAnswer,
): void {
  const { name } = route.provider;
  log.info(
    {
      interceptionId,
      actor: caller.actor.id,
      provider: name,
      route: route.template,
      model: request.facts.model.slice(0, 256),
      client: context.client,
      outcome: end.outcome,
      status: answer.status,
      error: end.failure?.code,
      reason: end.failure?.cause && errorCode(end.failure.cause),
      firstByteMs: answer.firstByteMs === undefined ? undefined : Math.round(answer.firstByteMs),
      durationMs: Math.round(performance.now() - context.acceptedAt),
    },
    "interception",
  );
}
