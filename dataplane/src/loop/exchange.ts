import type { IncomingHttpHeaders } from "node:http";
import type { AnswerEnd } from "../apis/api.ts";
import type { ObservedError } from "../apis/observation.ts";
import { fromUpstreamFailure } from "../errors/from-reason.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import { type DecodedAnswerHandler, sendDecoded } from "../upstream/decoded-call.ts";
import { downstreamHeaders } from "../upstream/headers.ts";
import { jittered, retryStatusAfter } from "../upstream/retry.ts";
import type { UpstreamCall, UpstreamClient, UpstreamRequest } from "../upstream/upstream-client.ts";
import { type AnswerForm, answerForm } from "./answer-form.ts";
import type { AnswerRelay, NewRelay, RelayTarget } from "./answer-relay.ts";
import type { Downstream, DownstreamListener } from "./downstream.ts";
import { EncodedRelay } from "./encoded-relay.ts";

export interface ExchangeOptions {
  readonly client: UpstreamClient;
  readonly request: UpstreamRequest;
  /** Makes what relays the answer. */
  readonly relay: NewRelay;
  readonly downstream: Downstream;
  /** Accept-Encoding of the client; undefined if it sent none. */
  readonly acceptEncoding: string | undefined;
  /** True if the answer may be edited on its way. */
  readonly edited: boolean;
  /** Name of the provider, for messages. */
  readonly provider: string;
  /** Further tries before any byte was relayed. */
  readonly maxRetries: number;
  /** Milliseconds to read on after the client went away; 0 cancels the upstream request at once. */
  readonly drainMs: number;
  /** The bytes that tell of a failure before there is an answer, to a client that has the beginning of one already. */
  readonly errorEvent?: (error: GatewayError) => Buffer;
  /** Undefined if the records so far are safe, else a promise for that; terminal bytes wait for it. */
  settled(): Promise<unknown> | undefined;
}

/** How an exchange ended. */
export interface ExchangeEnd {
  readonly outcome: "completed" | "failed" | "cancelled_by_client";
  /** What the gateway itself found wrong. If the client got no answer yet, this one is still to be sent. */
  readonly failure: GatewayError | undefined;
  /** What the provider reported: the body of a status >= 400, or an error inside the answer. */
  readonly upstreamError: ObservedError | undefined;
  /** Upstream answers that were read: 1, or 0 if none came. */
  readonly answers: number;
}

/** The reason of an abort because the client went away. */
class ClientGoneAway extends Error {
  override readonly name = "ClientGoneAway";
}

/** One request to a provider and its answer, tried again where that can help, relayed to the client and observed. */
export class Exchange implements DecodedAnswerHandler, DownstreamListener {
  readonly #options: ExchangeOptions;
  readonly #settle: (end: ExchangeEnd) => void;
  readonly #ended: Promise<ExchangeEnd>;
  #call: UpstreamCall | undefined;
  #form: AnswerForm | undefined;
  #relay: AnswerRelay | undefined;
  /** The same relay where the client gets the answer encoded as it came. */
  #encodedRelay: EncodedRelay | undefined;
  #attempt = 0;
  /** True from sending an attempt until it is over. */
  #sending = false;
  /** True from the end of the last attempt: what comes then changes nothing any more. */
  #finishing = false;
  /** Milliseconds after which the attempt is repeated once its answer is read; undefined if it is the client's. */
  #retryAfterMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status = 0;
  /** Why the exchange was given up, once it was. */
  #abandoned: Error | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<ExchangeEnd>();
    this.#ended = promise;
    this.#settle = resolve;
  }

  run(): Promise<ExchangeEnd> {
    const { downstream } = this.#options;
    downstream.listener = this;
    if (downstream.gone) this.onGone();
    else this.#send();
    return this.#ended;
  }

  /** Gives up at once; the client is told with this error. */
  abort(reason: Error): void {
    if (this.#abandoned !== undefined || this.#finishing) return;
    this.#abandoned = reason;
    clearTimeout(this.#timer);
    if (this.#call === undefined) this.fail(reason);
    else this.#call.abort(reason);
  }

  onDrain(): void {
    this.#call?.resume();
  }

  onGone(): void {
    const { drainMs } = this.#options;
    const reason = new ClientGoneAway("the client went away");
    if (drainMs === 0 || this.#relay === undefined) return this.abort(reason);
    this.#call?.resume();
    this.#timer = setTimeout(() => this.abort(reason), drainMs);
  }

  start(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    if (status >= 300 && status < 400) return this.#refuseRedirect();
    if (this.#attempt <= this.#options.maxRetries) {
      this.#retryAfterMs = retryStatusAfter(status, headers, this.#attempt);
      // The rest of an answer that nobody gets is not waited for: `fail` follows.
      if (this.#retryAfterMs !== undefined) return this.#call?.abort(new Error("tried again"));
    }
    const { acceptEncoding, edited, downstream } = this.#options;
    const form = answerForm(status, headers, { acceptEncoding, edited });
    this.#form = form;
    downstream.start(status, downstreamHeaders(form.headers));
    this.#relay = form.keepEncoding ? this.#newEncodedRelay(form) : this.#newRelay(form, downstream);
  }

  data(chunk: Buffer): void {
    if (this.#relay === undefined) return;
    this.#relay.data(chunk);
    this.#keepPace();
  }

  encoded(chunk: Buffer): void {
    this.#encodedRelay?.encoded(chunk);
    this.#keepPace();
  }

  end(): void {
    this.#attemptOver();
    // The whole answer may be here by the time it is given up for another try.
    if (this.#retryAfterMs !== undefined && this.#abandoned === undefined) this.#retry(this.#retryAfterMs);
    else this.#finish(undefined);
  }

  fail(reason: Error): void {
    this.#attemptOver();
    if (this.#abandoned === undefined && this.#relay === undefined && this.#mayRetry(reason))
      this.#retry(this.#retryAfterMs ?? jittered(this.#attempt));
    else this.#finish(reason);
  }

  #send(): void {
    this.#attempt++;
    this.#retryAfterMs = undefined;
    this.#sending = true;
    const call = sendDecoded(this.#options.client, this.#options.request, this);
    // A request that cannot even be sent has failed by now.
    if (this.#sending) this.#call = call;
  }

  #attemptOver(): void {
    this.#sending = false;
    this.#call = undefined;
  }

  #keepPace(): void {
    if (this.#options.downstream.saturated) this.#call?.pause();
  }

  #retry(waitMs: number): void {
    this.#timer = setTimeout(() => this.#send(), waitMs);
  }

  /** A failure without an answer is worth another try, but for silence, which took its full time already. */
  #mayRetry(reason: Error): boolean {
    const { code } = fromUpstreamFailure(reason, this.#options.provider);
    return (
      this.#attempt <= this.#options.maxRetries && code !== "upstream_timeout" && code !== "internal_error"
    );
  }

  #refuseRedirect(): void {
    const { provider } = this.#options;
    const message = `The provider ${provider} answered with a redirect, which the gateway does not follow. Its base_url needs a correction.`;
    this.abort(new GatewayError("upstream_redirect", message));
  }

  /** @param to where the relay writes */
  #newRelay(form: AnswerForm, to: RelayTarget): AnswerRelay {
    const { downstream, relay } = this.#options;
    // Headers alone go out only if no event comes with them.
    if (form.streaming) setImmediate(() => downstream.flushHeaders());
    return relay(form, to, () => this.#terminal());
  }

  #newEncodedRelay(form: AnswerForm): AnswerRelay {
    const { downstream } = this.#options;
    const relay = new EncodedRelay({
      downstream,
      streaming: form.streaming,
      observe: (muted) => this.#newRelay(form, muted),
    });
    this.#encodedRelay = relay;
    return relay;
  }

  /** The terminal event is held: lets it go as soon as the records are safe. */
  #terminal(): void {
    this.#encodedRelay?.hold();
    const settled = this.#options.settled();
    if (settled === undefined) this.#relay?.release();
    else void settled.then(() => this.#relay?.release());
  }

  #finish(reason: Error | undefined): void {
    this.#finishing = true;
    clearTimeout(this.#timer);
    const end = this.#relay?.finish(reason === undefined) ?? { complete: false, error: undefined };
    const settled = this.#relay === undefined ? undefined : this.#options.settled();
    if (settled === undefined) this.#conclude(end, reason);
    else void settled.then(() => this.#conclude(end, reason));
  }

  #conclude(end: AnswerEnd, reason: Error | undefined): void {
    const { downstream } = this.#options;
    const answers = this.#relay === undefined ? 0 : 1;
    const upstreamError = end.error;
    // A client may leave as soon as it has the last event: then it has got all of its answer.
    const delivered = end.complete && this.#relay?.holding === false;
    if (reason instanceof ClientGoneAway || (downstream.gone && !delivered)) {
      // One that leaves because of the provider's error did not cancel anything.
      const outcome = upstreamError ? "failed" : delivered ? "completed" : "cancelled_by_client";
      return this.#settle({ outcome, failure: undefined, upstreamError, answers });
    }
    const failure = this.#failure(end, reason);
    const relayedWhole = reason === undefined && failure?.code === "upstream_invalid_answer";
    if (failure === undefined || relayedWhole) this.#endAnswer();
    else if (downstream.started) this.#cutAnswer(failure);
    const failed = failure !== undefined || upstreamError !== undefined || this.#status >= 400;
    this.#settle({ outcome: failed ? "failed" : "completed", failure, upstreamError, answers });
  }

  #failure(end: AnswerEnd, reason: Error | undefined): GatewayError | undefined {
    const { provider } = this.#options;
    if (reason !== undefined) return end.complete ? undefined : fromUpstreamFailure(reason, provider);
    if (end.complete) return undefined;
    if (this.#form?.streaming)
      return new GatewayError(
        "upstream_truncated",
        `The provider ${provider} ended its answer before the last event.`,
      );
    return new GatewayError(
      "upstream_invalid_answer",
      `The provider ${provider} sent an answer that cannot be read.`,
    );
  }

  #endAnswer(): void {
    this.#relay?.release();
    this.#options.downstream.end();
  }

  #cutAnswer(failure: GatewayError): void {
    this.#relay?.release();
    const { downstream, errorEvent } = this.#options;
    downstream.cut(this.#relay === undefined ? errorEvent?.(failure) : this.#relay.errorBytes(failure));
  }
}
