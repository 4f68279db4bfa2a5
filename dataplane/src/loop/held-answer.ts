import type { AnswerEnd } from "../apis/api.ts";
import type { AnswerRelay, RelayTarget } from "./answer-relay.ts";
import type { TurnDownstream } from "./turn-downstream.ts";

/** What is to be done with a whole body. */
export interface ReadAnswer {
  readonly end: AnswerEnd;
  /** What the client gets; undefined for nothing. */
  readonly answer: Buffer | undefined;
}

/** Where a whole body goes, by `writeWhole` if there is that. */
export type WholeTarget = RelayTarget & Partial<Pick<TurnDownstream, "writeWhole">>;

/** Longest body that is kept. */
const maxKeptBytes = 64 * 1024 * 1024;

/** Keeps a whole body back until it was read: only then it is known what the client gets of it. */
export class HeldAnswer implements AnswerRelay {
  readonly #read: (body: Buffer) => ReadAnswer;
  readonly #target: WholeTarget;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #answer: Buffer | undefined;

  constructor(read: (body: Buffer) => ReadAnswer, target: WholeTarget) {
    this.#read = read;
    this.#target = target;
  }

  data(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= maxKeptBytes) this.#chunks.push(chunk);
  }

  finish(clean: boolean): AnswerEnd {
    if (!clean || this.#length > maxKeptBytes) return { complete: false, error: undefined };
    const { end, answer } = this.#read(this.#body());
    this.#answer = answer;
    return end;
  }

  get holding(): boolean {
    return this.#answer !== undefined;
  }

  release(): void {
    if (this.#answer === undefined || this.#target.gone) return;
    if (this.#target.writeWhole === undefined) this.#target.write(this.#answer);
    else this.#target.writeWhole(this.#answer);
    this.#answer = undefined;
  }

  errorBytes(): undefined {
    return undefined;
  }

  #body(): Buffer {
    const [first] = this.#chunks;
    return first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
  }
}
