import type { AnswerEnd } from "../apis/api.ts";
import type { AnswerRelay, RelayTarget } from "./answer-relay.ts";

export interface EncodedRelayOptions {
  readonly downstream: RelayTarget;
  /** True for server-sent events, which go out at once. */
  readonly streaming: boolean;
  /** Makes the relay that looks at the decoded answer; what it writes goes nowhere. */
  readonly observe: (muted: RelayTarget) => AnswerRelay;
}

/**
 * Relays an encoded answer as it came, while another relay looks at what it decodes to. The last bytes (of a stream:
 * from those on that hold the terminal event) wait for `release` here too.
 */
export class EncodedRelay implements AnswerRelay {
  readonly #downstream: RelayTarget;
  readonly #streaming: boolean;
  readonly #observing: AnswerRelay;
  readonly #held: Buffer[] = [];
  #holding = false;

  constructor({ downstream, streaming, observe }: EncodedRelayOptions) {
    this.#downstream = downstream;
    this.#streaming = streaming;
    this.#observing = observe({ gone: false, write: () => undefined });
  }

  /** Takes what the next encoded bytes decode to. */
  data(chunk: Buffer): void {
    this.#observing.data(chunk);
  }

  /** Takes encoded bytes whose content `data` has had. */
  encoded(chunk: Buffer): void {
    if (!this.#streaming) this.#passHeld();
    this.#held.push(chunk);
    if (this.#streaming && !this.#holding) this.#passHeld();
  }

  /** The terminal event came: bytes wait from now on. */
  hold(): void {
    this.#holding = true;
  }

  finish(clean: boolean): AnswerEnd {
    return this.#observing.finish(clean);
  }

  get holding(): boolean {
    return this.#held.length > 0;
  }

  release(): void {
    this.#observing.release();
    if (this.#downstream.gone) return;
    this.#holding = false;
    this.#passHeld();
  }

  /** Nothing can be added to an encoded body. */
  errorBytes(): undefined {
    return undefined;
  }

  #passHeld(): void {
    for (const chunk of this.#held.splice(0)) if (!this.#downstream.gone) this.#downstream.write(chunk);
  }
}
