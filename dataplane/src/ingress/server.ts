import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { apis } from "../apis/index.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { errorAnswer } from "./error-answer.ts";
import type { RequestHandler } from "./handler.ts";
import { closeWith } from "./linger.ts";
import { errorShapeOf } from "./route.ts";
import { createTlsServer, type ListenerTls } from "./tls-server.ts";
import { Turns } from "./turns.ts";

/** Bytes of one request's headers: clients send a few KB, tokens and tracing included. */
const maxHeaderBytes = 32 * 1024;
/** Longer than the idle time of common load balancers (60 s), so that they close first. */
const keepAliveMs = 75_000;

/** Bytes that wait for a slow client before its provider is slowed down. One read of the provider's may exceed it. */
const maxUnsentBytes = 16 * 1024;

export interface ClientServerOptions {
  /** Milliseconds for the headers of a request. @default 30000 */
  readonly headersTimeoutMs?: number;
  /** Milliseconds between two looks for connections whose headers are late. @default 5000 */
  readonly checkEveryMs?: number;
  /** @default plaintext */
  readonly tls?: ListenerTls | undefined;
}

/** The listener for AI clients. Bodies have a time-out of their own (`timeouts.client_body`). */
export function createClientServer(
  handler: RequestHandler,
  metrics: Metrics,
  { headersTimeoutMs = 30_000, checkEveryMs = 5_000, tls }: ClientServerOptions = {},
): Server | SecureServer {
  const turns = new Turns(handler);
  const serve = (request: IncomingMessage, response: ServerResponse) => turns.serve(request, response);
  const options: ServerOptions = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
    requestTimeout: 0,
    highWaterMark: maxUnsentBytes,
    keepAliveTimeout: keepAliveMs,
    // Finds clients whose machine is gone without a word.
    keepAlive: true,
    // A request without Host is refused by the handler, in the shape of its API.
    requireHostHeader: false,
    // Some clients offer HTTP/2 in this way on every plain connection; they are content with an answer.
    shouldUpgradeCallback: (request) => /^websocket$/i.test(request.headers.upgrade ?? ""),
  };
  const server = tls === undefined ? createServer(options, serve) : createTlsServer(tls, options, serve);
  // The client waits before it sends the body: it is told to go on when the body is about to be read.
  server.on("checkContinue", serve);
  server.on("checkExpectation", serve);
  server.on("upgrade", (request, socket) => {
    const message = "The gateway does not serve WebSockets here: use the same path with POST.";
    refuse(socket, new GatewayError("websocket_not_supported", message), request.url ?? "/", metrics);
  });
  const refused = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Whatever follows is unreadable too, and is thrown away.
    if (refused.has(socket)) return;
    refused.add(socket);
    if (error.code === "ECONNRESET" || !socket.writable || turns.hasAnswered(socket)) socket.destroy();
    else refuse(socket, unreadable(error.code), "/", metrics);
  });
  return server;
}

function unreadable(code: string | undefined): GatewayError {
  if (code === "HPE_HEADER_OVERFLOW")
    return new GatewayError(
      "headers_too_large",
      `The request headers are larger than ${maxHeaderBytes} bytes.`,
    );
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new GatewayError("request_timeout", "The request headers did not arrive in time.");
  return new GatewayError("invalid_body", "The request is not valid HTTP/1.1.");
}

/** Answers on a connection that has no response object, and closes it. */
function refuse(socket: Duplex, error: GatewayError, url: string, metrics: Metrics): void {
  metrics.refusals.inc({ code: error.code });
  const { status, headers, body } = errorAnswer(error, apis[errorShapeOf(url.replace(/\?.*$/s, ""))]);
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? "Error"}`, "connection: close"];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  closeWith(socket, `${lines.join("\r\n")}\r\n\r\n${body}`);
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
};
