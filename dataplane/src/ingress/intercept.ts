import { INTERCEPTION_ID_HEADER, uuidv7 } from "@aibridge/proto/channel";
import type { Api } from "../apis/api.ts";
import type { GatewayError } from "../errors/gateway-error.ts";
import type { ExchangeEnd } from "../loop/exchange.ts";
import { InterceptionRecording } from "../record/interception-recording.ts";
import { InterceptionMetrics } from "../telemetry/interception-metrics.ts";
import type { TracedRequest } from "../telemetry/tracing.ts";
import { type Admitted, addsUsage, type Journal, type Planned } from "./admitted.ts";
import { toolRequest } from "./central-tools.ts";
import { ClientAnswer } from "./client-answer.ts";
import { clientSession } from "./client-session.ts";
import { errorAnswer } from "./error-answer.ts";
import { endUnserved, logEnd, recordEnd } from "./interception-end.ts";
import type { RequestContext } from "./request-context.ts";
import { newServing } from "./serving.ts";
import type { Stage } from "./stage.ts";
import { checkStoredState } from "./stored-state.ts";

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
  const journal: Journal = { recording, trace: stage.tracing?.begin(tracedRequest(context, admitted, id)) };
  let end: ExchangeEnd;
  try {
    await recording.begin();
    const exchange = newServing(stage, admitted, { incoming, answer, ...journal });
    context.sent = true;
    const untrack = stage.drain.track((reason) => exchange.abort(reason));
    metrics.dispatched(context.ownMs());
    end = await exchange.run().finally(untrack);
  } catch (error) {
    endUnserved(error, answer, journal, admitted);
    throw error;
  }
  if (end.failure !== undefined && !answer.started && !answer.gone)
    sendError(stage, answer, end.failure, admitted.api);
  recordEnd(journal, end, answer, admitted.credential);
  logEnd(stage, context, admitted, id, end, answer);
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

function tracedRequest(context: RequestContext, admitted: Planned, interceptionId: string): TracedRequest {
  const { route, api, request, session } = admitted;
  const { name, kind, origin } = route.provider;
  return {
    interceptionId,
    headers: context.request.headers,
    acceptedAt: context.acceptedAt,
    startedAtMs: context.startedAtMs,
    route: `/${name}${route.template}`,
    client: context.client,
    clientSessionId: session,
    provider: { name, type: kind.type, origin },
    api: api.name,
    model: request.facts.model,
    streaming: request.facts.streaming,
  };
}

function sendError(stage: Stage, answer: ClientAnswer, error: GatewayError, api: Api): void {
  stage.metrics.refusals.inc({ code: error.code });
  const { status, headers, body } = errorAnswer(error, api);
  answer.start(status, headers);
  answer.end(body);
}
