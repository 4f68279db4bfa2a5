import type { AnswerEnd, Api, ObserveOptions } from "../apis/api.ts";
import type { ObservationSink } from "../apis/observation.ts";
import type { AnswerRelay } from "./answer-relay.ts";
import type { Downstream } from "./downstream.ts";

export interface JsonRelayOptions {
  readonly api: Api;
  readonly sink: ObservationSink;
  readonly downstream: Downstream;
  readonly observe: ObserveOptions;
  /** True for a status >= 400: the body is read as an error. */
  readonly isError: boolean;
}

/** Bytes of one answer that are kept for reading; a longer one is relayed all the same, its usage counts as missing. */
const maxKeptBytes = 64 * 1024 * 1024;

/**
 * Relays a whole body. Each chunk goes out when the next one comes, so that the last one can wait until the answer's
 * records are safe. The body is read once it is complete.
 */
export class JsonRelay implements AnswerRelay {
  readonly #options: JsonRelayOptions;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #last: Buffer | undefined;

  constructor(options: JsonRelayOptions) {
    this.#options = options;
  }

  data(chunk: Buffer): void {
    this.release();
    this.#last = chunk;
    if (this.#length + chunk.length <= maxKeptBytes) this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  finish(clean: boolean): AnswerEnd {
    const { api, sink, observe, isError } = this.#options;
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    if (isError) return { complete: clean, error: api.readError(body) };
    const end = api.observeAnswer(sink, body, observe);
    return clean ? end : { complete: false, error: end.error };
  }

  release(): void {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined && !this.#options.downstream.gone) this.#options.downstream.write(last);
  }

  errorBytes(): undefined {
    return undefined;
  }
}
