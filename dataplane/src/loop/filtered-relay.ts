import type { AnswerEnd } from "../apis/api.ts";
import type { AnswerFilter } from "../apis/tool-conversation.ts";
import type { GatewayError } from "../errors/gateway-error.ts";
import type { AnswerRelay } from "./answer-relay.ts";

/** Relays what a filter leaves of an answer. */
export class FilteredRelay implements AnswerRelay {
  readonly #relay: AnswerRelay;
  readonly #filter: AnswerFilter;

  constructor(relay: AnswerRelay, filter: AnswerFilter) {
    this.#relay = relay;
    this.#filter = filter;
  }

  data(chunk: Buffer): void {
    this.#take(this.#filter.push(chunk));
  }

  finish(clean: boolean): AnswerEnd {
    this.#take(this.#filter.finish());
    return this.#relay.finish(clean);
  }

  get holding(): boolean {
    return this.#relay.holding;
  }

  release(): void {
    this.#relay.release();
  }

  errorBytes(error: GatewayError): Buffer | undefined {
    return this.#relay.errorBytes(error);
  }

  #take(bytes: Buffer): void {
    if (bytes.length > 0) this.#relay.data(bytes);
  }
}
