import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An MCP server on the loopback interface. */
export interface McpTestServer {
  /** Its MCP endpoint. */
  readonly url: string;
  /** Every request so far: method, path and headers. */
  readonly requests: readonly SeenRequest[];
  /** Answers requests with this from now on; undefined: the MCP server itself answers again. */
  intercept(listener: RequestListener | undefined): void;
  /** From now on answers 401 to every other request, repeating its headers. @default all are admitted */
  admit(admitted: (headers: IncomingMessage["headers"]) => boolean): void;
  close(): Promise<void>;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** Serves MCP requests over plain HTTP, on a port of its own. */
export async function serveMcp(
  handle: (request: IncomingMessage, response: ServerResponse) => unknown,
  path = "/mcp",
  port = 0,
): Promise<McpTestServer> {
  const requests: SeenRequest[] = [];
  let interceptor: RequestListener | undefined;
  let admitted: (headers: IncomingMessage["headers"]) => boolean = () => true;
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, url, headers });
    if (!admitted(headers)) response.writeHead(401).end(JSON.stringify(headers));
    else if (interceptor !== undefined) interceptor(request, response);
    else handle(request, response);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    requests,
    intercept: (listener) => {
      interceptor = listener;
    },
    admit: (admits) => {
      admitted = admits;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
