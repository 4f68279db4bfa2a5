import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { apis } from "../apis/index.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { errorAnswer } from "./error-answer.ts";
import type { RequestHandler } from "./handler.ts";
import { errorShapeOf } from "./route.ts";

/** Bytes of one request's headers: clients send a few KB, tokens and tracing included. */
const maxHeaderBytes = 32 * 1024;
const headersTimeoutMs = 30_000;
/** Longer than the idle time of common load balancers (60 s), so that they close first. */
const keepAliveMs = 75_000;

/** The listener for AI clients. Bodies have a time-out of their own (`timeouts.client_body`). */
export function createClientServer(handler: RequestHandler, metrics: Metrics): Server {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
    },
    handler,
  );
  server.on("upgrade", (request, socket) => {
    const message = "The gateway does not serve WebSockets here: use the same path with POST.";
    refuse(socket, new GatewayError("websocket_not_supported", message), request.url ?? "/", metrics);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    refuse(socket, unreadable(error.code), "/", metrics);
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

/** Answers on a socket that has no response object, and closes it. */
function refuse(socket: Duplex, error: GatewayError, url: string, metrics: Metrics): void {
  if (!socket.writable) return void socket.destroy();
  metrics.refusals.inc({ code: error.code });
  const { status, headers, body } = errorAnswer(error, apis[errorShapeOf(url.replace(/\?.*$/s, ""))]);
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? "Error"}`, "connection: close"];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
};
