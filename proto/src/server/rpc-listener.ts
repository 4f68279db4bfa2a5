import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import type * as net from "node:net";
import type { ServerTls } from "../channel/tls/server-tls.ts";
import { type Accept, plaintextFront } from "./plaintext-front.ts";
import { type ConnectionLog, tlsFront } from "./tls-front.ts";
import { watchPeer } from "./watch-peer.ts";

const TCP_KEEPALIVE_MS = 30_000;
/** Calls one HTTP/2 connection may have open at once. */
const MAX_CONCURRENT_STREAMS = 1024;

/** Handles requests of both HTTP versions. */
export type RequestHandler = (
  request: http.IncomingMessage | http2.Http2ServerRequest,
  response: http.ServerResponse | http2.Http2ServerResponse,
) => void;

/** How an {@link RpcListener} takes connections. */
export interface RpcListenerOptions {
  /** Undefined: plaintext. */
  readonly tls: ServerTls | undefined;
  readonly logger: ConnectionLog;
}

/** One port for HTTP/1.1 and HTTP/2: plaintext (h2c with prior knowledge), or TLS with ALPN. */
export class RpcListener {
  readonly #tcp: net.Server;
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();
  #closing = false;

  constructor(handleRequest: RequestHandler, { tls, logger }: RpcListenerOptions) {
    const handler = sheltered(handleRequest);
    this.#http1 = http.createServer((request, response) => {
      response.once("close", () => this.#closing && request.socket.end());
      handler(request, response);
    });
    this.#http2 = http2.createServer({ settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS } }, handler);
    this.#http2.on("session", (session) => this.#addSession(session));
    const accept: Accept = (socket, protocol) =>
      (protocol === "h2" ? this.#http2 : this.#http1).emit("connection", socket);
    this.#tcp = tls === undefined ? plaintextFront(accept) : tlsFront(tls, logger, accept);
    this.#tcp.on("connection", (socket) => this.#prepare(socket));
  }

  /** Resolves with the port once connections are accepted. Rejects when the address cannot be had. */
  async listen(address: { host: string; port: number }): Promise<number> {
    this.#tcp.listen(address.port, address.host);
    await once(this.#tcp, "listening");
    // From now on an error means that one connection could not be accepted (too many open files, say).
    this.#tcp.on("error", () => undefined);
    // An HTTP/1.1 server watches over slow headers and requests only while it believes to be listening itself.
    this.#http1.emit("listening");
    return (this.#tcp.address() as net.AddressInfo).port;
  }

  /** Accepts nothing new, lets open calls finish, and cuts what is left after the grace time. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = once(this.#tcp, "close");
    this.#tcp.close();
    // It never listened itself, so this only ends its idle connections and its watch.
    this.#http1.close(() => undefined);
    for (const session of this.#sessions) {
      session.close();
    }
    const cut = setTimeout(() => this.#cut(), graceMs);
    await closed;
    clearTimeout(cut);
  }

  #cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Sees every TCP connection first, the one under a TLS connection too. */
  #prepare(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A peer that resets its connection is no error of this server; HTTP has its own listeners on top.
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  }

  #addSession(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    watchPeer(session);
    if (this.#closing) {
      session.close();
    }
  }
}

/**
 * Keeps a stranger's request from ending the process. Connect's handler throws at once when the host is missing or makes
 * no URL, which is answered 400; and it stops listening for errors of a request once its answer is done, although a
 * body that is cut off later still emits one.
 */
function sheltered(handler: RequestHandler): RequestHandler {
  return (request, response) => {
    request.on("error", () => undefined);
    try {
      handler(request, response);
    } catch {
      response.statusCode = 400;
      response.setHeader("content-type", "text/plain; charset=utf-8");
      response.end("the request needs a path and a host that make a URL\n");
    }
  };
}
