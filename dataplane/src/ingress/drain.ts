import { GatewayError } from "../errors/gateway-error.ts";

/** Knows what is under way, so that a shutdown can wait for it and at last break it off. */
export class Drain {
  readonly #aborts = new Set<(reason: Error) => void>();
  #requests = 0;
  #draining = false;
  /** Set once the time to finish is over. */
  #broken: Error | undefined;
  #idle: (() => void) | undefined;

  /** True once a shutdown began: new requests are refused. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Requests under way. */
  get requests(): number {
    return this.#requests;
  }

  /** Counts a request until it settles. */
  async during(request: Promise<void>): Promise<void> {
    this.#requests++;
    await request.finally(() => {
      this.#requests--;
      if (this.#requests === 0) this.#idle?.();
    });
  }

  /** Registers how to break off something under way; too late, it is done at once. Returns how to deregister it. */
  track(abort: (reason: Error) => void): () => void {
    this.#aborts.add(abort);
    const broken = this.#broken;
    if (broken !== undefined) queueMicrotask(() => this.#aborts.has(abort) && abort(broken));
    return () => void this.#aborts.delete(abort);
  }

  /** Waits for requests under way, breaks off those left after the time, and waits for their ends. */
  async close(graceMs: number): Promise<void> {
    this.#draining = true;
    if (this.#requests === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(() => this.#abortAll(), graceMs);
    await idle;
    clearTimeout(timer);
  }

  #abortAll(): void {
    const reason = new GatewayError(
      "shutting_down",
      "The gateway is shutting down. Send the request again.",
      { retryAfter: 1 },
    );
    this.#broken = reason;
    for (const abort of [...this.#aborts]) abort(reason);
  }
}
