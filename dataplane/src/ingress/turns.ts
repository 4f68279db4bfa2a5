import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestHandler } from "./handler.ts";

/** Requests of one connection that may wait for the one before them. No AI client sends any before its answer came. */
const maxWaiting = 8;

/**
 * Serves the requests of each connection one after another. node:http hands over requests that a client sent without
 * waiting at once, but tells only the first of them when the client goes away: the others would be served for nobody.
 */
export class Turns {
  readonly #handler: RequestHandler;
  readonly #latest = new WeakMap<Duplex, ServerResponse>();
  readonly #waiting = new WeakMap<Duplex, number>();

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  /** True while an answer is on its way that began already: nothing else may be written to that connection. */
  hasAnswered(connection: Duplex): boolean {
    const latest = this.#latest.get(connection);
    return latest?.headersSent === true && !latest.destroyed;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const before = this.#latest.get(socket);
    this.#latest.set(socket, response);
    if (before === undefined || before.destroyed) return this.#handler(request, response);
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > maxWaiting) return void socket.destroy();
    this.#waiting.set(socket, waiting);
    before.once("close", () => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
      if (!socket.destroyed) this.#handler(request, response);
    });
  }
}
