import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, Pool } from "undici";

/** One request to a provider. */
export interface UpstreamRequest {
  readonly origin: string;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Flat list of names and values. */
  readonly headers: string[];
  readonly body: Buffer | NodeJS.ReadableStream | null;
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

/**
 * Bytes of a provider's connection that are read ahead of a client that is slower: what a stream costs while its client
 * reads nothing. One read takes up to 64 KB whatever this says.
 */
const maxUnreadBytes = 16 * 1024;

/** Sends requests to providers over kept connections, one pool for each origin. */
export class UpstreamClient {
  readonly #pools = new Map<string, Pool>();

  send(request: UpstreamRequest, handler: AnswerHandler): UpstreamCall {
    const call = new Call(handler);
    const { method, path, headers, body } = request;
    const timeouts = { headersTimeout: request.firstByteMs, bodyTimeout: request.idleMs };
    this.#pool(request).dispatch({ method, path, headers, body: body as never, ...timeouts }, call);
    return call;
  }

  /** Closes the pools of origins that no provider has any more; requests under way finish. */
  retain(origins: ReadonlySet<string>): void {
    for (const [key, pool] of this.#pools) {
      if (origins.has(key.slice(0, key.indexOf(" ")))) continue;
      this.#pools.delete(key);
      void pool.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  #pool({ origin, connectMs }: UpstreamRequest): Pool {
    const key = `${origin} ${connectMs}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const connect = { timeout: connectMs, highWaterMark: maxUnreadBytes };
      pool = new Pool(origin, { connections: null, pipelining: 1, connect });
      this.#pools.set(key, pool);
    }
    return pool;
  }
}

/** undici's view of a call; also the caller's handle on it. */
class Call implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #handler: AnswerHandler;
  #controller: Dispatcher.DispatchController | undefined;
  /** Set while there is no controller yet: the request may still wait for a connection. */
  #abortReason: Error | undefined;
  #over = false;

  constructor(handler: AnswerHandler) {
    this.#handler = handler;
  }

  abort(reason: Error): void {
    this.#abortReason ??= reason;
    this.#controller?.abort(this.#abortReason);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // A request abandoned while it waited for a connection would keep that connection for ever.
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#over) return;
    this.#handler.start(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#handler.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#handler.fail(this.#abortReason ?? reason);
  }
}
