import type { IncomingMessage } from "node:http";
import { apis } from "../apis/index.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { errorAnswer } from "./error-answer.ts";
import type { RequestHandler } from "./handler.ts";
import { errorShapeOf } from "./route.ts";

export interface MountOptions {
  /** Path in front of the provider's name, without a slash at its end: "/ai", "". */
  readonly basePath: string;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The gateway's handler inside a host's server: takes the base path away, and refuses what the host has spoiled. */
export function mountedHandler(handler: RequestHandler, options: MountOptions): RequestHandler {
  return (request, response) => {
    request.url = withoutBase(request.url ?? "/", options.basePath);
    // The host's server has told the client to go on already (node:http does, unless it is asked not to).
    delete request.headers.expect;
    const refusal = refusalOf(request);
    if (refusal === undefined) return handler(request, response);
    options.metrics.refusals.inc({ code: refusal.code });
    if (refusal.row.fault === "gateway") options.log.error({ code: refusal.code }, refusal.message);
    const shape = errorShapeOf(request.url.replace(/\?.*$/s, ""));
    const { status, headers, body } = errorAnswer(refusal, apis[shape]);
    response.writeHead(status, headers).end(body);
  };
}

function withoutBase(url: string, basePath: string): string {
  if (basePath === "" || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  if (rest.startsWith("/")) return rest;
  // "/ai" and "/ai?x" are the base path; "/aim" is another one.
  return rest === "" || rest.startsWith("?") ? `/${rest}` : url;
}

function refusalOf(request: IncomingMessage): GatewayError | undefined {
  if (/^websocket$/i.test(request.headers.upgrade ?? ""))
    return new GatewayError(
      "websocket_not_supported",
      "The gateway does not serve WebSockets here: use the same path with POST.",
    );
  // A body that was read is gone: waiting for it would end in a time-out that says nothing of the reason.
  if (request.readableDidRead || request.readableEnded)
    return new GatewayError(
      "body_already_read",
      "The request body was read before it reached the gateway: mount the gateway before body parsers such as express.json().",
    );
  return undefined;
}
