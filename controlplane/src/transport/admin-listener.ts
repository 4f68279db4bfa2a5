import { once } from "node:events";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { ServerTls } from "@aibridge/proto/channel";

/** What the admin listener asks the control plane. */
export interface AdminSource {
  /** Why the control plane is not ready; undefined if it is. */
  notReady(): Promise<string | undefined>;
  /** Metrics in the Prometheus text format with their content type. */
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** HTTP for probes and Prometheus: /healthz, /readyz, /metrics. With TLS, clients still need no certificate. */
export class AdminListener {
  readonly #source: AdminSource;
  readonly #server: Server | SecureServer;

  constructor(source: AdminSource, tls: ServerTls | undefined) {
    this.#source = source;
    const handler: RequestListener = (request, response) => {
      if (request.method !== "GET" && request.method !== "HEAD") {
        response.setHeader("allow", "GET, HEAD");
        reply(response, 405, "only GET and HEAD are served here\n");
        return;
      }
      const [path = ""] = (request.url ?? "").split("?");
      this.#serve(path, response).catch((error: Error) => reply(response, 500, `${error.message}\n`));
    };
    this.#server =
      tls === undefined
        ? createServer(handler)
        : tls.listener((options) => createSecureServer(options, handler), "any");
  }

  /** Resolves with the port once connections are accepted. Rejects when the address cannot be had. */
  async listen(address: { host: string; port: number }): Promise<number> {
    this.#server.listen(address.port, address.host);
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(path: string, response: ServerResponse): Promise<void> {
    switch (path) {
      case "/healthz":
        return reply(response, 200, "ok\n");
      case "/readyz": {
        const problem = await this.#source.notReady();
        return reply(response, problem === undefined ? 200 : 503, `${problem ?? "ok"}\n`);
      }
      case "/metrics": {
        const { contentType, text } = await this.#source.metrics();
        return reply(response, 200, text, contentType);
      }
      default:
        return reply(response, 404, "served here: /healthz, /readyz, /metrics\n");
    }
  }
}

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
  response.end(text);
}
