import type { ServerResponse } from "node:http";
import type { Downstream, DownstreamListener } from "../loop/downstream.ts";

export interface ClientAnswerOptions {
  /** Flat list of names and values, added to every answer. */
  readonly extraHeaders: readonly string[];
  /** When the request was accepted, by performance.now(). */
  readonly acceptedAt: number;
  /** Milliseconds for which a client may take nothing of what waits for it; then it counts as gone. */
  readonly stallMs: number;
}

/** The client's side of an answer over node:http. */
export class ClientAnswer implements Downstream {
  readonly #response: ServerResponse;
  readonly #options: ClientAnswerOptions;
  #gone = false;
  #ended = false;
  #saturated = false;
  #status = 0;
  #stall: NodeJS.Timeout | undefined;
  #firstByteMs: number | undefined;
  #pendingHead: { readonly status: number; readonly headers: string[] } | undefined;
  listener: DownstreamListener | undefined;

  constructor(response: ServerResponse, options: ClientAnswerOptions) {
    this.#response = response;
    this.#options = options;
    response.on("drain", () => {
      clearTimeout(this.#stall);
      this.#saturated = false;
      this.listener?.onDrain?.();
    });
    response.on("close", () => {
      clearTimeout(this.#stall);
      if (this.#ended) return;
      this.#gone = true;
      this.listener?.onGone();
    });
  }

  get started(): boolean {
    return this.#response.headersSent;
  }

  get gone(): boolean {
    return this.#gone || this.#response.destroyed;
  }

  get saturated(): boolean {
    return this.#saturated && !this.gone;
  }

  /** Status that was sent, 0 if none was. */
  get status(): number {
    return this.started ? this.#status : 0;
  }

  /** Milliseconds from accepting the request to the first byte sent; undefined if none was. */
  get firstByteMs(): number | undefined {
    return this.#firstByteMs;
  }

  start(status: number, headers: string[]): void {
    headers.push(...this.#options.extraHeaders);
    this.#pendingHead = { status, headers };
  }

  flushHeaders(): void {
    if (this.#ended || this.gone || this.started) return;
    this.#writeHead();
    this.#response.flushHeaders();
  }

  write(chunk: Buffer): void {
    if (this.#ended || this.gone) return;
    this.#writeHead();
    if (this.#response.write(chunk) || this.#saturated) return;
    this.#saturated = true;
    this.#watchForStall();
  }

  end(lastChunk?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#response.destroyed) return;
    this.#writeHead();
    this.#response.end(lastChunk);
    if (this.#response.writableLength > 0) this.#watchForStall();
  }

  cut(lastBytes: Buffer | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const { socket } = this.#response;
    if (socket === null || !this.started) return void socket?.destroy();
    if (lastBytes !== undefined) this.#response.write(lastBytes);
    // What was relayed must still arrive: the connection is broken once all of it is handed over, without the last chunk.
    // An HTTP/1.0 client knows an end by the close alone: there only a reset tells that it came too early.
    const isOld = this.#response.req.httpVersion === "1.0";
    socket.write("", () => (isOld ? socket.resetAndDestroy() : socket.destroy()));
    this.#watchForStall();
  }

  /** Until the client took what waits for it, or went away. */
  #watchForStall(): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => this.#response.destroy(), this.#options.stallMs);
  }

  #writeHead(): void {
    const head = this.#pendingHead;
    if (head === undefined) return;
    this.#pendingHead = undefined;
    this.#status = head.status;
    this.#firstByteMs = performance.now() - this.#options.acceptedAt;
    this.#response.writeHead(head.status, head.headers);
  }
}
