import { createServer, type Server } from "node:http";
import { createGateway, type EmbeddedGateway, type GatewayOptions } from "@aibridge/dataplane";
import { UsageLedger } from "./usage-ledger.ts";

export interface HostOptions {
  /** The host's own users: token → user id. */
  readonly users: ReadonlyMap<string, string>;
  /** The gateway's configuration, with the keys of `aibridge.yaml`. */
  readonly config: GatewayOptions["config"];
}

export interface Host {
  /** Not listening yet. */
  readonly server: Server;
  readonly gateway: EmbeddedGateway;
}

/**
 * A server with a page of its own (`/usage`) and a gateway under `/ai`. Users send the token that the host gave them, as
 * they would send a provider's key.
 */
export function createHost({ users, config }: HostOptions): Host {
  const ledger = new UsageLedger();
  const gateway = createGateway({
    basePath: "/ai",
    config,
    recorder: ledger,
    actors: {
      resolveActor: ({ credential }) => {
        const id = credential.kind === "token" ? users.get(credential.token) : undefined;
        return id === undefined ? undefined : { id, cacheForMs: 60_000 };
      },
    },
  });
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/ai/")) return gateway.handler(request, response);
    if (request.url !== "/usage") return response.writeHead(404).end();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(ledger.report()));
  });
  return { server, gateway };
}
