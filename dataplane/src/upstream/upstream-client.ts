import type { IncomingHttpHeaders } from "node:http";
import { OriginPool } from "./http1/origin-pool.ts";

/** One request to a provider. */
export interface UpstreamRequest {
  readonly origin: string;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: string[];
  /** Null for a request without one. */
  readonly body: Buffer | null;
  /** Milliseconds for making a connection, TLS included. */
  readonly connectMs: number;
  /** Milliseconds from the sent request to the answer's headers. */
  readonly firstByteMs: number;
  /** Milliseconds between two chunks of the answer. */
  readonly idleMs: number;
}

/** Receives an answer: start, any number of data, then end; or fail at any time. Nothing follows end or fail. */
export interface AnswerHandler {
  start(status: number, headers: IncomingHttpHeaders): void;
  data(chunk: Buffer): void;
  end(): void;
  fail(reason: Error): void;
}

/** An upstream request under way. */
export interface UpstreamCall {
  /** Ends it at once; `fail` follows with the reason unless it is over already. */
  abort(reason: Error): void;
  /** Stops reading the answer until `resume`. */
  pause(): void;
  resume(): void;
}

/** Sends requests to providers over kept connections. */
export class UpstreamClient {
  readonly #pools = new Map<string, OriginPool>();

  send(request: UpstreamRequest, handler: AnswerHandler): UpstreamCall {
    let pool = this.#pools.get(request.origin);
    if (pool === undefined) {
      pool = new OriginPool(request.origin);
      this.#pools.set(request.origin, pool);
    }
    return pool.send(request, handler);
  }

  /** Closes the connections to origins that no provider has any more; requests under way finish. */
  retain(origins: ReadonlySet<string>): void {
    for (const [origin, pool] of this.#pools) {
      if (origins.has(origin)) continue;
      this.#pools.delete(origin);
      pool.retire();
    }
  }

  /** Closes every connection; requests under way fail. */
  close(): void {
    for (const pool of this.#pools.values()) pool.destroy();
    this.#pools.clear();
  }
}
