import type { IncomingHttpHeaders } from "node:http";
import { apis } from "../apis/index.ts";
import type { ToolConversation } from "../apis/tool-conversation.ts";
import type { ResolvedActor } from "../control/ports.ts";
import { errorCode, fromUpstreamFailure } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { DownstreamListener } from "../loop/downstream.ts";
import type { RuntimeConfig } from "../plan/runtime-config.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";
import { downstreamHeaders, upstreamHeaders } from "../upstream/headers.ts";
import type { AnswerHandler, UpstreamCall } from "../upstream/upstream-client.ts";
import { toolRequest } from "./central-tools.ts";
import { ClientAnswer } from "./client-answer.ts";
import { clientSession } from "./client-session.ts";
import type { RequestContext } from "./request-context.ts";
import type { PassthroughMatch } from "./route.ts";
import type { Stage } from "./stage.ts";
import { storedStateRefused } from "./stored-state.ts";

export interface PassthroughInput {
  readonly route: PassthroughMatch;
  readonly config: RuntimeConfig;
  readonly caller: ResolvedActor;
  readonly credential: UpstreamCredential;
}

/** Passes a request through unread. Throws a GatewayError as long as nothing was answered. */
export async function passThrough(
  stage: Stage,
  context: RequestContext,
  input: PassthroughInput,
): Promise<void> {
  const { route, config, caller, credential } = input;
  const { provider } = route;
  if (route.storedState && !credential.byok && !provider.allowStoredState) throw storedStateRefused();
  const { request, response } = context;
  const method = request.method ?? "GET";
  stage.metrics.passthrough.inc({ provider: provider.name, route: route.template, method });
  const body = await context.readBody(stage.bodies, config);
  const counted = route.counts && (await withCountedTools(stage, context, input, body.decoded));
  const edited = counted?.body;
  const headers = upstreamHeaders(request.rawHeaders, {
    credential,
    identityEncoding: false,
    decodedBody: edited !== undefined,
    betas: counted?.betas,
    trustedHeader: config.identity.trustedHeader,
    actor: provider.sendActorHeaders ? caller.actor : undefined,
  });
  const { acceptedAt } = context;
  const answer = new ClientAnswer(response, {
    extraHeaders: [],
    acceptedAt,
    stallMs: config.timeouts.idleMs,
  });
  const relay = new PlainRelay(answer, provider.name);
  context.sent = true;
  const untrack = stage.drain.track((reason) => relay.abort(reason));
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  const call = stage.upstream.send(
    {
      origin: provider.origin,
      method,
      path: route.upstreamTarget,
      headers,
      body: edited ?? (body.bytes.length === 0 ? null : body.bytes),
      connectMs,
      firstByteMs,
      idleMs,
    },
    relay,
  );
  await relay.run(call).finally(untrack);
}

/** A request whose tokens are counted, with the tools that the request itself would get; undefined where it gets none. */
async function withCountedTools(
  stage: Stage,
  { client, request: { headers } }: RequestContext,
  { route, caller, config }: PassthroughInput,
  body: Buffer,
): Promise<ToolConversation | undefined> {
  if (stage.tools === undefined || route.counts === undefined) return undefined;
  try {
    const api = apis[route.counts];
    const request = api.readRequest(body);
    const tools = await toolRequest(stage, {
      caller,
      providerName: route.provider.name,
      route: route.template,
      api,
      request,
      addUsage: false,
      client,
      clientSessionId: clientSession(client, headers, request.facts.metadataUserId),
      maxTurns: config.mcp.maxTurns,
    });
    return tools?.conversation;
  } catch (error) {
    // What cannot be read is the provider's to refuse.
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** Relays an answer byte for byte. */
class PlainRelay implements AnswerHandler, DownstreamListener {
  readonly #answer: ClientAnswer;
  readonly #provider: string;
  readonly #done = Promise.withResolvers<void>();
  #call: UpstreamCall | undefined;

  constructor(answer: ClientAnswer, provider: string) {
    this.#answer = answer;
    this.#provider = provider;
  }

  run(call: UpstreamCall): Promise<void> {
    this.#call = call;
    this.#answer.listener = this;
    if (this.#answer.gone) this.onGone();
    return this.#done.promise;
  }

  abort(reason: Error): void {
    this.#call?.abort(reason);
  }

  onDrain(): void {
    this.#call?.resume();
  }

  onGone(): void {
    this.abort(new Error("the client went away"));
  }

  start(status: number, headers: IncomingHttpHeaders): void {
    if (status >= 300 && status < 400 && status !== 304)
      return this.abort(
        new GatewayError(
          "upstream_redirect",
          `The provider ${this.#provider} answered with a redirect, which the gateway does not follow.`,
        ),
      );
    this.#answer.start(status, downstreamHeaders(headers));
    setImmediate(() => this.#answer.flushHeaders());
  }

  data(chunk: Buffer): void {
    this.#answer.write(chunk);
    if (this.#answer.saturated) this.#call?.pause();
  }

  end(): void {
    this.#answer.end();
    this.#done.resolve();
  }

  fail(reason: Error): void {
    if (this.#answer.gone) return this.#done.resolve();
    if (!this.#answer.started) return this.#done.reject(fromUpstreamFailure(reason, this.#provider));
    this.#answer.cut(undefined);
    this.#done.reject(new GatewayError("upstream_truncated", errorCode(reason), { cause: reason }));
  }
}
