import type { AnswerHandler, UpstreamCall, UpstreamRequest } from "../upstream-client.ts";
import type { AnswerHead } from "./answer-head.ts";
import { AnswerReader, type AnswerSink } from "./answer-reader.ts";

/** The connection that carries an exchange, as far as the exchange acts on it. */
export interface Carrier {
  destroy(reason: Error): void;
  pause(): void;
  resume(): void;
}

/**
 * One request and its answer on a connection. It outlives its place there: what its holder does later changes nothing for
 * the request that the connection carries by then.
 */
export class WireExchange implements UpstreamCall, AnswerSink {
  readonly request: UpstreamRequest;
  readonly reader: AnswerReader;
  readonly #handler: AnswerHandler;
  #carrier: Carrier | undefined;
  #over = false;

  constructor(request: UpstreamRequest, handler: AnswerHandler) {
    this.request = request;
    this.reader = new AnswerReader(request.method, this);
    this.#handler = handler;
  }

  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  abort(reason: Error): void {
    this.#carrier?.destroy(reason);
  }

  pause(): void {
    this.#carrier?.pause();
  }

  resume(): void {
    this.#carrier?.resume();
  }

  start({ status, headers }: AnswerHead): void {
    this.#handler.start(status, headers);
  }

  data(content: Buffer): void {
    if (!this.#over) this.#handler.data(content);
  }

  /** The answer is complete. */
  ended(): void {
    if (!this.#leave()) return;
    try {
      this.#handler.end();
    } catch (error) {
      // Nobody else would catch it here, and it would end the process.
      this.#handler.fail(error as Error);
    }
  }

  failed(reason: Error): void {
    if (this.#leave()) this.#handler.fail(reason);
  }

  /** False if it is over already. */
  #leave(): boolean {
    const first = !this.#over;
    this.#over = true;
    this.#carrier = undefined;
    return first;
  }
}
