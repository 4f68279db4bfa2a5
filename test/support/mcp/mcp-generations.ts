import { toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer as OldMcpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { type McpTestServer, serveMcp } from "./mcp-test-server.ts";

/** What a tool of a test server does: its arguments, and what it says to them. */
export interface TestTool {
  readonly name: string;
  readonly description?: string;
  /** The argument is wanted in the header `Mcp-Param-<name>` too. Only servers of MCP 2026-07-28 do this. */
  readonly paramHeader?: string;
  /**
   * Gets a signal that says when the call is cancelled.
   * @default says "<name>: <text>"
   */
  readonly run?: (text: string, signal: AbortSignal) => Promise<string> | string;
}

/** A test server whose list of tools can change while it runs. */
export interface GenerationServer extends McpTestServer {
  /** Another list of tools from now on; connected clients are told. */
  setTools(tools: readonly TestTool[]): void;
  /** Forgets every session, as a restart does. */
  forgetSessions(): void;
}

/** Starts a server of one generation of the protocol, on a free port if none is given. */
export type StartGeneration = (tools: readonly TestTool[], port?: number) => Promise<GenerationServer>;

const inputSchema = z.object({ text: z.string() });

function schemaOf({ paramHeader }: TestTool) {
  if (paramHeader === undefined) return inputSchema;
  return z.object({ text: z.string().meta({ "x-mcp-header": paramHeader }) });
}

/** Runs a tool as each SDK wants its results. */
async function run(tool: TestTool, text: string, signal: AbortSignal) {
  const said = await (tool.run ?? ((input) => `${tool.name}: ${input}`))(text, signal);
  return { content: [{ type: "text" as const, text: said }] };
}

/** Protocol version 2026-07-28 alone: no sessions. */
const modern: StartGeneration = async (initial, port) => {
  let tools = initial;
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: "modern", version: "1.0.0" });
      for (const tool of tools)
        server.registerTool(
          tool.name,
          { description: tool.description ?? "", inputSchema: schemaOf(tool) },
          ({ text }, { mcpReq }) => run(tool, text, mcpReq.signal),
        );
      return server;
    },
    { legacy: "reject" },
  );
  const server = await serveMcp(toNodeHandler(handler), "/mcp", port);
  return {
    ...server,
    setTools: (next) => {
      tools = next;
      handler.notify.toolsChanged();
    },
    forgetSessions: () => undefined,
  };
};

function oldServer(tools: readonly TestTool[]): OldMcpServer {
  const server = new OldMcpServer({ name: "old", version: "1.0.0" });
  registerTools(server, tools);
  return server;
}

function registerTools(server: OldMcpServer, tools: readonly TestTool[]): void {
  for (const tool of tools)
    server.registerTool(
      tool.name,
      { description: tool.description ?? "", inputSchema: inputSchema.shape },
      ({ text }, { signal }) => run(tool, text, signal),
    );
}

/** Protocol versions before 2026, Streamable HTTP with sessions. */
const stateful: StartGeneration = async (initial, port) => {
  let tools = initial;
  const sessions = new Map<string, { server: OldMcpServer; transport: StreamableHTTPServerTransport }>();
  const server = await serveMcp(
    async (request, response) => {
      const id = request.headers["mcp-session-id"];
      let transport = typeof id === "string" ? sessions.get(id)?.transport : undefined;
      if (id !== undefined && transport === undefined) {
        response.writeHead(404).end();
        return;
      }
      if (transport === undefined) {
        const mcp = oldServer(tools);
        const opened = new StreamableHTTPServerTransport({
          sessionIdGenerator: () => crypto.randomUUID(),
          onsessioninitialized: (session) => void sessions.set(session, { server: mcp, transport: opened }),
        });
        transport = opened;
        await mcp.connect(opened);
      }
      await transport.handleRequest(request, response);
    },
    "/mcp",
    port,
  );
  return {
    ...server,
    setTools: (next) => {
      tools = next;
      for (const session of sessions.values()) {
        registerTools(session.server, next);
        session.server.sendToolListChanged();
      }
    },
    forgetSessions: () => sessions.clear(),
  };
};

/** Protocol versions before 2026, Streamable HTTP without sessions. */
const stateless: StartGeneration = async (initial, port) => {
  let tools = initial;
  const server = await serveMcp(
    async (request, response) => {
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      await oldServer(tools).connect(transport);
      await transport.handleRequest(request, response);
    },
    "/mcp",
    port,
  );
  return {
    ...server,
    setTools: (next) => {
      tools = next;
    },
    forgetSessions: () => undefined,
  };
};

/** Protocol version 2024-11-05: HTTP+SSE. */
const sse: StartGeneration = async (initial, port) => {
  let tools = initial;
  const transports = new Map<string, SSEServerTransport>();
  const server = await serveMcp(
    async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
      if (request.method === "GET" && pathname === "/sse") {
        const transport = new SSEServerTransport("/messages", response);
        transports.set(transport.sessionId, transport);
        await oldServer(tools).connect(transport);
      } else if (request.method === "POST" && pathname === "/messages") {
        const transport = transports.get(searchParams.get("sessionId") ?? "");
        if (transport === undefined) response.writeHead(404).end();
        else await transport.handlePostMessage(request, response);
      } else response.writeHead(404).end();
    },
    "/sse",
    port,
  );
  return {
    ...server,
    setTools: (next) => {
      tools = next;
    },
    forgetSessions: () => transports.clear(),
  };
};

/** Every generation of MCP servers that is out there, by name. */
export const mcpGenerations = { modern, stateful, stateless, sse } as const satisfies Record<
  string,
  StartGeneration
>;
