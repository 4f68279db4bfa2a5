import type { RequestListener } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import { refusedHandshake, type ServerTls } from "@aibridge/proto/channel";
import type { Logger } from "../telemetry/log.ts";

/** TLS of the listener for AI clients, and where it says which connections it refused. */
export interface ListenerTls {
  readonly certificates: ServerTls;
  readonly log: Logger;
}

/** A server of HTTP/1.1 by TLS. With authorities for client certificates, whoever connects needs one. */
export function createTlsServer(
  { certificates, log }: ListenerTls,
  options: ServerOptions,
  serve: RequestListener,
): Server {
  const server = certificates.listener((tls) => createServer({ ...options, ...tls }, serve), "certified");
  // Before node:https, which takes a failed handshake for a request that it cannot read.
  server.prependListener("tlsClientError", (error, socket) => {
    const reason = refusedHandshake(error, socket);
    if (reason !== undefined) log.warn({ reason, remote: socket.remoteAddress }, "a connection was refused");
    socket.destroy();
  });
  return server;
}
