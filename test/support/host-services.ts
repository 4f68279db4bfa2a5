import { once } from "node:events";
import { createServer as createHttp1, type Server } from "node:http";
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

/** How a host's server speaks: gRPC needs HTTP/2; Connect goes over HTTP/1.1. */
export type HostProtocol = "grpc" | "connect";

/** A host platform's server for one or more services. */
export interface HostServer extends AsyncDisposable {
  readonly url: string;
  /** Paths of the calls it got, with their bearer tokens: "/aibridge.v1.ActorService/ResolveActor Bearer …". */
  readonly calls: readonly string[];
}

/**
 * Serves the given services on a free port.
 * @param onSession is told of each HTTP/2 connection
 */
export async function startHostServer(
  protocol: HostProtocol,
  routes: (router: ConnectRouter) => void,
  onSession: (session: ServerHttp2Session) => void = () => undefined,
): Promise<HostServer> {
  const calls: string[] = [];
  const serve = connectNodeAdapter({
    routes,
    grpc: protocol === "grpc",
    grpcWeb: false,
    connect: protocol === "connect",
  });
  const handler: typeof serve = (request, response) => {
    calls.push(`${request.url} ${request.headers.authorization}`);
    serve(request, response);
  };
  const server = protocol === "grpc" ? createHttp2(handler) : createHttp1(handler);
  server.on("session", onSession);
  const closeConnections = connectionCloser(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      closeConnections();
      await closed;
    },
  };
}

function connectionCloser(server: Server | Http2Server): () => void {
  if ("closeAllConnections" in server) return () => server.closeAllConnections();
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  return () => {
    for (const session of sessions) session.destroy();
  };
}
