import type { AnsweredCall, CentralCall, ToolConversation, TurnEnd } from "../apis/tool-conversation.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { NewRelay } from "./answer-relay.ts";
import type { Downstream } from "./downstream.ts";
import type { Exchange, ExchangeEnd } from "./exchange.ts";
import { TurnDownstream } from "./turn-downstream.ts";
import type { TurnRelay } from "./turn-relay.ts";

export interface ToolLoopOptions {
  readonly conversation: ToolConversation;
  readonly downstream: Downstream;
  /** What relays one turn. @param mayAmend false if what the provider refuses is the client's, mended or not */
  newRelay(mayAmend: boolean): TurnRelay;
  /** One request to the provider with this body. */
  newExchange(body: Buffer, relay: NewRelay, downstream: Downstream): Pick<Exchange, "run" | "abort">;
  /** Runs the calls of a turn; resolves with their results in the same order, errors among them. Never rejects. */
  run(calls: readonly CentralCall[], signal: AbortSignal): Promise<AnsweredCall[]>;
  /**
   * Told how many bytes the request of a later turn holds in memory, in place of the one before; 0 at the end. Returns why
   * it cannot be sent if there is no room for it.
   */
  hold(bytes: number): GatewayError | undefined;
  /** Requests to the provider at most; the last one forbids further calls. */
  readonly maxTurns: number;
  /** Name of the provider, for messages. */
  readonly provider: string;
}

/** How often a request is mended and sent again, at most. */
const maxAmended = 16;
/** How often it is looked whether a client waits, and for how long it may, in milliseconds: together at most 10 s. */
const lookMs = 2_000;
const keepAliveMs = 8_000;

/** Requests to a provider until the model needs no central tool any more: one answer for the client, live in every turn. */
export class ToolLoop {
  readonly #options: ToolLoopOptions;
  readonly #client: TurnDownstream;
  readonly #calls = new AbortController();
  #exchange: Pick<Exchange, "abort"> | undefined;
  #answers = 0;

  constructor(options: ToolLoopOptions) {
    this.#options = options;
    this.#client = new TurnDownstream(options.downstream);
  }

  async run(): Promise<ExchangeEnd> {
    const keepAlive = setInterval(() => this.#keepAlive(), lookMs);
    try {
      for (let turn = 1; ; turn++) {
        const { end, relay } = await this.#turn();
        if (relay.amended) return this.#givenUp(this.#calls.signal.reason);
        const next = relay.end;
        const over = turn >= this.#options.maxTurns;
        if (over || end.outcome !== "completed" || next === undefined || next.next === "client")
          return this.#conclude(end, relay);
        const results = await this.#results(next);
        if (this.#calls.signal.aborted) return this.#givenUp(this.#calls.signal.reason);
        this.#options.conversation.proceed(results, turn + 1 >= this.#options.maxTurns);
        const noRoom = this.#options.hold(this.#options.conversation.body.length);
        if (noRoom !== undefined) return this.#givenUp(noRoom);
      }
    } finally {
      clearInterval(keepAlive);
      this.#options.hold(0);
    }
  }

  /** Gives up at once; the client is told with this error. */
  abort(reason: Error): void {
    // An exchange that is over but for its records is not stopped by this; then what comes after it is not begun.
    this.#calls.abort(reason);
    this.#exchange?.abort(reason);
  }

  /** One answer of the provider. A relay that is `amended` was given up before the request could be sent again. */
  async #turn(): Promise<{ readonly end: ExchangeEnd; readonly relay: TurnRelay }> {
    const { newRelay, newExchange, conversation } = this.#options;
    for (let amended = 0; ; amended++) {
      const relay = newRelay(amended < maxAmended);
      this.#client.beginTurn(() => relay.end?.next === "client");
      const exchange = newExchange(conversation.body, relay.relay, this.#client);
      this.#exchange = exchange;
      const end = await exchange.run();
      this.#exchange = undefined;
      if (!relay.amended) this.#answers += end.answers;
      else if (!this.#client.gone && !this.#calls.signal.aborted) continue;
      return { end, relay };
    }
  }

  async #results({ calls }: TurnEnd): Promise<AnsweredCall[]> {
    if (calls.length === 0) return [];
    this.#client.listener = { onGone: () => this.#calls.abort(undefined) };
    if (this.#client.gone) this.#calls.abort(undefined);
    return this.#options.run(calls, this.#calls.signal);
  }

  /** The last turn is over. */
  #conclude(end: ExchangeEnd, relay: TurnRelay): ExchangeEnd {
    const answers = this.#answers;
    relay.leaveOut();
    if (this.#client.refusedStatus !== undefined) return this.#refused(end);
    // An answer that was cut, or that is still to be made from the failure, has its end already.
    const isWhole = end.failure?.code === "upstream_invalid_answer" && this.#client.started;
    if (end.failure === undefined || isWhole) this.#client.endAnswer();
    return { ...end, answers };
  }

  /** The provider refused a later turn: what the client has got so far cannot be taken back. */
  #refused({ upstreamError }: ExchangeEnd): ExchangeEnd {
    const said = upstreamError?.message ? `: ${upstreamError.message}` : "";
    const failure = new GatewayError(
      "upstream_turn_refused",
      `The provider ${this.#options.provider} answered the request after a tool call with status ${this.#client.refusedStatus}${said}`,
    );
    this.#client.cut(this.#options.conversation.errorEvent(failure));
    return { outcome: "failed", failure, upstreamError, answers: this.#answers };
  }

  /** Given up between two turns. */
  #givenUp(reason: unknown): ExchangeEnd {
    const answers = this.#answers;
    if (!(reason instanceof GatewayError))
      return { outcome: "cancelled_by_client", failure: undefined, upstreamError: undefined, answers };
    if (this.#client.started) this.#client.cut(this.#options.conversation.errorEvent(reason));
    return { outcome: "failed", failure: reason, upstreamError: undefined, answers };
  }

  #keepAlive(): void {
    if (!this.#client.started || performance.now() - this.#client.wroteAt < keepAliveMs) return;
    const event = this.#answers > 0 ? this.#options.conversation.keepAlive() : undefined;
    if (event !== undefined && !this.#client.gone) this.#client.write(event);
  }
}
