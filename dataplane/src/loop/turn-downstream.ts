import type { Downstream, DownstreamListener } from "./downstream.ts";

/**
 * The client's side of one turn of several. The client sees one answer: it begins with the first turn and ends when the
 * loop says so; the head of a later turn counts only while nothing went out.
 */
export class TurnDownstream implements Downstream, DownstreamListener {
  readonly #client: Downstream;
  /** Status and headers, until it is known whether the length of the body belongs to them. */
  #head: { readonly status: number; readonly headers: string[] } | undefined;
  #isLast: () => boolean = () => false;
  /** Status of a turn that failed after bytes went out; its body is not for the client. */
  #refusedStatus: number | undefined;
  /** When bytes went out last, by performance.now(). */
  wroteAt = performance.now();
  listener: DownstreamListener | undefined;

  constructor(client: Downstream) {
    this.#client = client;
    client.listener = this;
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

  /** The next request is another matter. @param isLast asked at its end: true if the answer ends with it */
  beginTurn(isLast: () => boolean): void {
    this.#refusedStatus = undefined;
    this.#isLast = isLast;
  }

  start(status: number, headers: string[]): void {
    if (!this.#client.started) this.#head = { status, headers };
    else if (status >= 400) this.#refusedStatus = status;
  }

  flushHeaders(): void {
    this.#startClient();
    this.#client.flushHeaders();
  }

  write(chunk: Buffer): void {
    if (this.#refusedStatus !== undefined) return;
    this.#startClient();
    this.wroteAt = performance.now();
    this.#client.write(chunk);
  }

  /** Writes all that there is of a body: if nothing went out yet, its length is known and said. */
  writeWhole(body: Buffer): void {
    this.#head?.headers.push("content-length", String(body.length));
    this.write(body);
  }

  /**
   * The end of a turn: that of the answer too if nothing follows. Known at once it goes out with the last bytes, which
   * spares them a write of its own.
   */
  end(): void {
    if (this.#isLast()) this.endAnswer();
  }

  endAnswer(): void {
    this.#startClient();
    this.#client.end();
  }

  cut(lastBytes: Buffer | undefined): void {
    this.#startClient();
    this.#client.cut(lastBytes);
  }

  onDrain(): void {
    this.listener?.onDrain?.();
  }

  onGone(): void {
    this.listener?.onGone();
  }

  #startClient(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#client.start(head.status, head.headers);
  }
}
