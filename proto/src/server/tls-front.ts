import type { Server } from "node:net";
import { createServer } from "node:tls";
import { refusedHandshake, type ServerTls } from "../channel/tls/server-tls.ts";
import type { Accept } from "./plaintext-front.ts";

/** Where refused connections are told; a pino logger is one. */
export interface ConnectionLog {
  warn(details: object, message: string): void;
}

/** Accepts TLS connections; what they speak is agreed in the handshake (ALPN), HTTP/1.1 with clients that do not ask. */
export function tlsFront(tls: ServerTls, logger: ConnectionLog, accept: Accept): Server {
  const server = tls.listener(
    (options) => createServer({ ...options, ALPNProtocols: ["h2", "http/1.1"] }),
    "certified",
  );
  server.on("secureConnection", (socket) => {
    socket.on("error", () => socket.destroy());
    accept(socket, socket.alpnProtocol === "h2" ? "h2" : "http/1.1");
  });
  server.on("tlsClientError", (error, socket) => {
    const reason = refusedHandshake(error, socket);
    if (reason !== undefined) {
      logger.warn({ reason, remote: socket.remoteAddress }, "a connection was refused");
    }
    socket.destroy();
  });
  return server;
}
