import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestHandler } from "./handler.ts";

/** Requests of one connection that may wait for the one before them. No AI client sends any before its answer came. */
const maxWaiting = 8;

/** The requests of one connection. */
interface Turn {
  /** The answer that was begun last, until it is over: what is over is not kept in memory. */
  latest: ServerResponse | undefined;
  waiting: number;
}

/**
 * Serves the requests of each connection one after another. node:http hands over requests that a client sent without
 * waiting at once, but tells only the first of them when the client goes away: the others would be served for nobody.
 */
export class Turns {
  readonly #handler: RequestHandler;
  readonly #turns = new WeakMap<Duplex, Turn>();

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  /** True while an answer is on its way that began already: nothing else may be written to that connection. */
  hasAnswered(connection: Duplex): boolean {
    return this.#turns.get(connection)?.latest?.headersSent === true;
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const turn = this.#turnOf(socket);
    const before = turn.latest;
    turn.latest = response;
    response.once("close", () => {
      if (turn.latest === response) turn.latest = undefined;
    });
    if (before === undefined) return this.#handler(request, response);
    turn.waiting++;
    if (turn.waiting > maxWaiting) return void socket.destroy();
    // Not in the context of the request before: a host may know by it whose request this is, and what it is part of.
    const next = AsyncLocalStorage.bind(() => {
      turn.waiting--;
      if (!socket.destroyed) this.#handler(request, response);
    });
    before.once("close", () => next());
  }

  #turnOf(connection: Duplex): Turn {
    let turn = this.#turns.get(connection);
    if (turn === undefined) {
      turn = { latest: undefined, waiting: 0 };
      this.#turns.set(connection, turn);
    }
    return turn;
  }
}
