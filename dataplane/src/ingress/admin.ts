import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { ServerTls } from "@aibridge/proto/channel";
import type { Gateway } from "../gateway.ts";

/**
 * The listener for operators: /healthz (the process serves), /readyz (requests can be served), /metrics (Prometheus).
 * With TLS, its clients still need no certificate.
 */
export function createAdminServer(
  gateway: Pick<Gateway, "metrics" | "notReady">,
  tls?: ServerTls,
): Server | SecureServer {
  const { registry } = gateway.metrics;
  const serve: RequestListener = (request, response) => {
    const answer = (status: number, body: string, contentType = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "content-type": contentType }).end(body);
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "GET only\n");
    switch (request.url?.replace(/\?.*$/s, "")) {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz": {
        const why = gateway.notReady();
        return why === undefined ? answer(200, "ready\n") : answer(503, `not ready: ${why}\n`);
      }
      case "/metrics":
        return registry.metrics().then(
          (text) => answer(200, text, registry.contentType),
          () => answer(500, "metrics could not be collected\n"),
        );
      default:
        return answer(404, "try /healthz, /readyz or /metrics\n");
    }
  };
  return tls === undefined
    ? createServer(serve)
    : tls.listener((options) => createSecureServer(options, serve), "any");
}
