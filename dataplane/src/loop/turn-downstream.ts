import type { Downstream } from "./downstream.ts";

/**
 * The client's side of one turn of several. The client sees one answer: it begins with the first turn and ends when the
 * loop says so; the head of a later turn counts only while nothing went out.
 */
export class TurnDownstream implements Downstream {
  readonly #client: Downstream;
  /** Status of a turn that failed after bytes went out; its body is not for the client. */
  #refusedStatus: number | undefined;
  /** When bytes went out last, by performance.now(). */
  wroteAt = performance.now();
  onDrain: (() => void) | undefined;
  onGone: (() => void) | undefined;

  constructor(client: Downstream) {
    this.#client = client;
    client.onDrain = () => this.onDrain?.();
    client.onGone = () => this.onGone?.();
  }

  get started(): boolean {
    return this.#client.started;
  }

  get gone(): boolean {
    return this.#client.gone;
  }

  get saturated(): boolean {
    return this.#client.saturated;
  }

  get refusedStatus(): number | undefined {
    return this.#refusedStatus;
  }

  /** The next request is another matter. */
  beginTurn(): void {
    this.#refusedStatus = undefined;
  }

  start(status: number, headers: string[]): void {
    if (!this.#client.started) this.#client.start(status, headers);
    else if (status >= 400) this.#refusedStatus = status;
  }

  flushHeaders(): void {
    this.#client.flushHeaders();
  }

  write(chunk: Buffer): void {
    if (this.#refusedStatus !== undefined) return;
    this.wroteAt = performance.now();
    this.#client.write(chunk);
  }

  /** The end of a turn is not the end of the answer. */
  end(): void {}

  cut(lastBytes: Buffer | undefined): void {
    this.#client.cut(lastBytes);
  }
}
