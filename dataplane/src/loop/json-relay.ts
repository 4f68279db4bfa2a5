import type { AnswerEnd, Api, ObserveOptions } from "../apis/api.ts";
import type { ObservationSink } from "../apis/observation.ts";
import { concealedBytes } from "../upstream/conceal.ts";
import type { AnswerRelay, RelayTarget } from "./answer-relay.ts";

export interface JsonRelayOptions {
  readonly api: Api;
  readonly sink: ObservationSink;
  readonly downstream: RelayTarget;
  readonly observe: ObserveOptions;
  /** True for a status >= 400: the body is read as an error. */
  readonly isError: boolean;
  /** Secrets that are overwritten in an error, which is therefore relayed once it is whole. */
  readonly concealed: readonly string[];
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
    if (!this.#waitsForAll()) {
      this.release();
      this.#last = chunk;
    }
    if (this.#length + chunk.length <= maxKeptBytes) this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  finish(clean: boolean): AnswerEnd {
    const { api, sink, observe, isError } = this.#options;
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    if (!isError) {
      const { complete, error } = api.observeAnswer(sink, body, observe);
      // One that is too long to be kept cannot be read, but was relayed all the same.
      return { complete: clean && (complete || this.#length > maxKeptBytes), error };
    }
    const shown = concealedBytes(body, this.#options.concealed);
    if (this.#waitsForAll() && shown.length > 0) this.#last = shown;
    return { complete: clean, error: api.readError(shown) };
  }

  #waitsForAll(): boolean {
    return this.#options.isError && this.#options.concealed.length > 0 && this.#length <= maxKeptBytes;
  }

  get holding(): boolean {
    return this.#last !== undefined;
  }

  release(): void {
    const { downstream } = this.#options;
    if (this.#last === undefined || downstream.gone) return;
    downstream.write(this.#last);
    this.#last = undefined;
  }

  errorBytes(): undefined {
    return undefined;
  }
}
