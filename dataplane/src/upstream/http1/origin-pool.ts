import type { AnswerHandler, UpstreamCall, UpstreamRequest } from "../upstream-client.ts";
import { Connection } from "./connection.ts";
import { parseOrigin, type TlsSession } from "./open-socket.ts";
import { requestHead } from "./request-head.ts";
import { WireExchange } from "./wire-exchange.ts";

/** The connections to one origin: as many as there are requests at once, each kept for a while after its request. */
export class OriginPool {
  readonly #origin: ReturnType<typeof parseOrigin>;
  readonly #tls: TlsSession = { session: undefined };
  readonly #connections = new Set<Connection>();
  /** The one that was used last is used first, so that what is not needed any more grows old and is closed. */
  readonly #idle: Connection[] = [];
  #retired = false;

  constructor(origin: string) {
    this.#origin = parseOrigin(origin);
  }

  send(request: UpstreamRequest, handler: AnswerHandler): UpstreamCall {
    const exchange = new WireExchange(request, handler);
    try {
      const head = requestHead(request, this.#origin.host);
      this.#take(request.connectMs).carry(exchange, head);
    } catch (error) {
      exchange.failed(error as Error);
    }
    return exchange;
  }

  /** Lets go of idle connections; requests under way finish, and their connections go with them. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy(closing());
  }

  /** Closes every connection; requests under way fail. */
  destroy(): void {
    this.#retired = true;
    for (const connection of this.#connections) connection.destroy(closing());
  }

  #take(connectMs: number): Connection {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop())
      if (idle.usable) return idle;
    const connection = new Connection(this.#origin, this.#tls, connectMs, {
      idle: (one) => (this.#retired ? one.destroy(closing()) : void this.#idle.push(one)),
      closed: (one) => this.#forget(one),
    });
    this.#connections.add(connection);
    return connection;
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    const place = this.#idle.indexOf(connection);
    if (place !== -1) this.#idle.splice(place, 1);
  }
}

function closing(): Error {
  return new Error("the gateway closes its connections");
}
