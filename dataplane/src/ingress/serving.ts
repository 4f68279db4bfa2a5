import type { IncomingMessage } from "node:http";
import type { GatewayError } from "../errors/gateway-error.ts";
import type { ExchangeOptions } from "../loop/exchange.ts";
import { type PlainRelayOptions, plainRelay } from "../loop/plain-relay.ts";
import { runCalls } from "../loop/run-calls.ts";
import { ToolLoop } from "../loop/tool-loop.ts";
import { TurnRelay } from "../loop/turn-relay.ts";
import type { TurnTrace } from "../telemetry/tracing.ts";
import { secretsOf } from "../upstream/conceal.ts";
import { upstreamHeaders } from "../upstream/headers.ts";
import type { UpstreamRequest } from "../upstream/upstream-client.ts";
import { type Admitted, addsUsage, type Journal, type Planned } from "./admitted.ts";
import { BudgetShare, overBudget } from "./body-budget.ts";
import { recordLeftOut, runCall, type ToolRequest } from "./central-tools.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { Stage } from "./stage.ts";
import { type RunningExchange, tracedExchange } from "./traced-exchange.ts";

/** Longest time an answer is read on after its client went away, where the configuration says so. */
const drainMs = 60_000;

/** The two ends of a request at the client's side, and where it is written down. */
interface ServingOptions extends Journal {
  readonly incoming: IncomingMessage;
  readonly answer: ClientAnswer;
}

/** One exchange, or several with calls of central tools between them. */
export function newServing(stage: Stage, admitted: Planned, options: ServingOptions): RunningExchange {
  const turns = newTurns(stage, admitted, options);
  return admitted.tools === undefined
    ? onlyTurn(admitted, turns, options.answer)
    : newLoop(stage, { ...admitted, tools: admitted.tools }, turns, options);
}

/** The request as it came, but for the usage it may have to ask for. */
function onlyTurn(admitted: Admitted, turns: Turns, downstream: ClientAnswer): RunningExchange {
  const { api, request } = admitted;
  const addUsage = addsUsage(admitted);
  const relay = plainRelay(turns.begin());
  return turns.exchange(
    { edited: addUsage ? api.addIncludeUsage(request) : undefined },
    { relay, edited: addUsage, downstream },
  );
}

function newLoop(
  stage: Stage,
  { route, config, tools }: Planned & { readonly tools: ToolRequest },
  turns: Turns,
  { answer: downstream, recording, trace }: ServingOptions,
): ToolLoop {
  const { conversation } = tools;
  const first = conversation.body;
  const errorEvent = (error: GatewayError) => conversation.errorEvent(error);
  const { concurrency, callTimeoutMs, maxTurns } = config.mcp;
  const share = new BudgetShare(stage.bodies, config.limits.bufferedBytes);
  return new ToolLoop({
    conversation,
    downstream,
    hold: (bytes) => (share.resize(bytes) ? undefined : overBudget()),
    provider: route.provider.name,
    maxTurns,
    newRelay: (mayAmend) =>
      new TurnRelay({
        ...turns.begin(),
        conversation,
        mayAmend,
        leftOut: (calls, reason) => recordLeftOut(recording, calls, reason, tools),
      }),
    newExchange: (body, relay, client) =>
      turns.exchange(
        { edited: body, followUp: body !== first, betas: conversation.betas },
        { relay, edited: true, downstream: client, errorEvent },
      ),
    run: (calls, signal) => {
      const run = { stage, request: tools, recording, trace, timeoutMs: callTimeoutMs, signal };
      return runCalls(calls, { run: (call) => runCall(call, run), concurrency });
    },
  });
}

/** Requests to the provider, one after the other: each is begun, then sent. */
interface Turns {
  /** What relays of the next answer need. */
  begin(): PlainRelayOptions;
  exchange(
    sent: SentBody,
    how: Pick<ExchangeOptions, "relay" | "edited" | "downstream" | "errorEvent">,
  ): RunningExchange;
}

function newTurns(stage: Stage, admitted: Planned, { incoming, recording, trace }: ServingOptions): Turns {
  const { route, api, config, request, credential } = admitted;
  const observe = { hideUsage: addsUsage(admitted), usageOptional: request.facts.warmUp };
  const concealed = credential.byok ? [] : secretsOf(credential.headers);
  let turn: TurnTrace | undefined;
  return {
    begin: () => {
      turn = trace?.turn();
      return { api, observe, concealed, sink: turn?.sink(recording) ?? recording };
    },
    exchange: (sent, how) =>
      tracedExchange(turn, {
        ...how,
        client: stage.upstream,
        request: upstreamRequest(admitted, incoming, sent),
        acceptEncoding: incoming.headers["accept-encoding"]?.toString(),
        provider: route.provider.name,
        maxRetries: route.provider.maxRetries,
        drainMs: config.drainOnDisconnect ? drainMs : 0,
        settled: () => recording.settled(),
      }),
  };
}

interface SentBody {
  /** Undefined for the body as it came. */
  readonly edited: Buffer | undefined;
  /** True for a request after the one that the client's became. @default false */
  readonly followUp?: boolean;
  /** Betas that the body needs beside the client's own. @default none */
  readonly betas?: readonly string[] | undefined;
}

function upstreamRequest(
  admitted: Admitted,
  incoming: IncomingMessage,
  { edited, followUp = false, betas }: SentBody,
): UpstreamRequest {
  const { route, config, caller, credential, body } = admitted;
  const { provider } = route;
  const headers = upstreamHeaders(incoming.rawHeaders, {
    credential,
    identityEncoding: true,
    decodedBody: edited !== undefined,
    followUp,
    betas,
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
