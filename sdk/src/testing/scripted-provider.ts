import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProviderAnswer } from "./answer.ts";
import { defaultScript } from "./default-script.ts";
import { type Delivery, type DeliveryEnd, deliver } from "./delivery.ts";
import { answerPassthrough, passthroughErrors } from "./passthrough.ts";
import { type ModelApi, type RenderedAnswer, renderAnswer, renderError, renderRaw } from "./render.ts";
import { type OpenRequest, type ProviderRequest, readRequest } from "./request.ts";
import { RequestLog } from "./request-log.ts";
import { StrictRules } from "./strict.ts";
import { Totals } from "./totals.ts";

/**
 * Decides what is answered; undefined leaves it to the default. Requests that call no model (models, token counts, …)
 * are put to it too: there it may answer with an error or with raw bytes, and a model's answer is taken for undefined.
 */
export type Script = (
  request: ProviderRequest,
) => ProviderAnswer | undefined | Promise<ProviderAnswer | undefined>;

export interface ScriptedProviderOptions {
  /** @default 0, any free port */
  readonly port?: number;
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** @default a short text to anything */
  readonly script?: Script;
  /** How many requests {@link ScriptedProvider.requests} keeps, for providers that run long. @default all */
  readonly keepRequests?: number;
  /**
   * Refuse what the real providers refuse (see {@link StrictRules}), without use of the script, and bind thoughts to what
   * is before them. @default false
   */
  readonly strict?: boolean;
}

/** Starts a provider that speaks Anthropic Messages, OpenAI Chat Completions and OpenAI Responses. */
export async function startScriptedProvider(
  options: ScriptedProviderOptions = {},
): Promise<ScriptedProvider> {
  const provider = new ScriptedProvider(
    options.script ?? defaultScript,
    options.keepRequests ?? Number.POSITIVE_INFINITY,
    options.strict === true ? new StrictRules() : undefined,
  );
  await provider.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  return provider;
}

/** A simulated AI provider on loopback. */
export class ScriptedProvider implements AsyncDisposable {
  /** What was sent whole. */
  readonly totals = new Totals();
  readonly #log: RequestLog;
  readonly #queue: (ProviderAnswer | Script)[] = [];
  readonly #script: Script;
  readonly #strict: StrictRules | undefined;
  readonly #server: Server;
  #url = "";

  constructor(script: Script, keepRequests: number, strict?: StrictRules) {
    this.#log = new RequestLog(keepRequests);
    this.#script = script;
    this.#strict = strict;
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((error: unknown) => response.destroy(asError(error)));
    });
  }

  /** The origin, such as `http://127.0.0.1:40001`. OpenAI clients want `/v1` after it. */
  get url(): string {
    return this.#url;
  }

  /** The requests read so far (all, unless `keepRequests` says less), in the order of their arrival. */
  get requests(): readonly ProviderRequest[] {
    return this.#log.requests;
  }

  /** Answers for the next calls of a model, ahead of the script, one call each. */
  next(...answers: (ProviderAnswer | Script)[]): void {
    this.#queue.push(...answers);
  }

  /**
   * The first request that satisfies a predicate, as soon as there is one; looks again when a request changes state.
   *
   * @param timeout milliseconds after which it rejects. @default 10000
   */
  waitFor(predicate: (request: ProviderRequest) => boolean, timeout = 10_000): Promise<ProviderRequest> {
    return this.#log.waitFor(predicate, timeout);
  }

  /**
   * Resolves when no request is open: a client has its answer a moment before the provider knows, and counts it in
   * {@link totals}.
   */
  async settled(): Promise<void> {
    await this.#log.settled();
  }

  async listen(port: number, host: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address() as AddressInfo;
    const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
    this.#url = `http://${shown}:${address.port}`;
  }

  /** Stops at once: open connections are cut. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.on("error", () => gone.abort());
    const request = await readRequest(incoming).catch(() => undefined);
    if (request === undefined) return;
    this.#log.add(request);
    const { answer, delivery } = await this.#answer(request).catch(scriptFailed);
    request.answerId = answer.answerId;
    let end: DeliveryEnd = "aborted";
    try {
      end = await deliver(response, answer, delivery, gone.signal);
      if (end === "finished" && answer.answerId !== undefined) this.totals.add(answer.answerId, answer.usage);
    } finally {
      request.close(end);
      this.#log.closed(request);
    }
  }

  async #answer(request: OpenRequest): Promise<{ answer: RenderedAnswer; delivery: Delivery }> {
    const api = modelApi(request);
    if (api === undefined) return await this.#answerPassthrough(request);
    const refused = this.#strict?.refusal(api, request);
    if (refused !== undefined) return { answer: renderAnswer(api, refused, request.members), delivery: {} };
    const queued = this.#queue.shift();
    const scripted = typeof queued === "function" ? await queued(request) : queued;
    const answer = scripted ?? (await this.#script(request)) ?? defaultScript(request);
    const rendered = this.#strict?.render(api, request, answer) ?? renderAnswer(api, answer, request.members);
    return { answer: rendered, delivery: answer.delivery ?? {} };
  }

  async #answerPassthrough(request: OpenRequest): Promise<{ answer: RenderedAnswer; delivery: Delivery }> {
    const scripted = await this.#script(request);
    if (scripted !== undefined && "raw" in scripted) {
      return { answer: renderRaw(scripted), delivery: scripted.delivery ?? {} };
    }
    if (scripted !== undefined && "error" in scripted) {
      return { answer: renderError(passthroughErrors(request), scripted), delivery: scripted.delivery ?? {} };
    }
    return { answer: answerPassthrough(request), delivery: {} };
  }
}

function modelApi({ kind }: ProviderRequest): ModelApi | undefined {
  return kind === "other" || kind === "models" || kind === "count_tokens" ? undefined : kind;
}

/** A script that throws is a mistake in a test: it is shown to whoever reads the answer. */
function scriptFailed(error: unknown): { answer: RenderedAnswer; delivery: Delivery } {
  const body = `the provider's script failed: ${asError(error).stack}`;
  return { answer: renderRaw({ raw: { status: 500, body } }), delivery: {} };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
