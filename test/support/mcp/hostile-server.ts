import type { IncomingMessage, ServerResponse } from "node:http";
import { type McpTestServer, serveMcp } from "./mcp-test-server.ts";

/** One JSON-RPC request to a hostile server, and the way to answer it. */
export interface HostileRequest {
  readonly method: string;
  // biome-ignore lint/suspicious/noExplicitAny: parameters of any method
  readonly params: any;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Answers as a server should, with this result. */
  result(result: unknown): void;
  /** The same with a result that JSON.stringify does not write. */
  rawResult(json: string): void;
  error(message: string): void;
  /** Sends these server-sent events, and goes on to send nothing. */
  events(...events: readonly object[]): void;
  /** Answers over HTTP with this. */
  http(status: number, headers: Readonly<Record<string, string>>, body?: string): void;
}

/**
 * What a hostile server does otherwise than a good one, by method; undefined: as a good one does. What the client answers
 * to the server's own requests goes to `answer`, as `params`.
 */
export type HostileAnswers = Readonly<Record<string, ((request: HostileRequest) => void) | undefined>>;

/** Sends a byte each 20 ms and never ends. */
export function drip({ response }: HostileRequest): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write(":"), 20);
  response.on("close", () => clearInterval(timer));
}

/** Sends notifications as fast as they are taken, and never ends. */
export function flood({ response }: HostileRequest): void {
  const params = { level: "info", data: "x" };
  const event = `data: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/message", params })}\n\n`;
  const many = event.repeat(1_000);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = () => {
    while (!response.destroyed && response.write(many));
  };
  response.on("drain", send);
  send();
}

/** A tool that a good server lists. */
export function plainTool(name: string, inputSchema: unknown = { type: "object" }) {
  return { name, description: `Does ${name}.`, inputSchema };
}

/**
 * An MCP server written by hand (protocol version 2025-06-18, without sessions), so that it can do what no SDK allows.
 * Its one tool is `echo`.
 */
export function startHostileServer(answers: HostileAnswers): Promise<McpTestServer> {
  return serveMcp(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = JSON.parse(await bodyOf(request));
    const { id, method = "answer", params = message } = message;
    const http: HostileRequest["http"] = (status, headers, body) =>
      void response.writeHead(status, headers).end(body);
    const json = (text: string) => http(200, { "content-type": "application/json" }, text);
    const send = (message: object) => json(JSON.stringify({ jsonrpc: "2.0", id, ...message }));
    const answer = answers[method] ?? goodAnswers[method];
    if (id === undefined) response.writeHead(202).end();
    else if (answer === undefined) send({ error: { code: -32601, message: "no such method" } });
    else
      answer({
        ...{ method, params, request, response },
        http,
        result: (result) => send({ result }),
        rawResult: (result) => json(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`),
        events: (...events) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          for (const event of events)
            response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...event })}\n\n`);
        },
        error: (message) => send({ error: { code: -32000, message } }),
      });
  });
}

const goodAnswers: HostileAnswers = {
  initialize: ({ result }) =>
    result({
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "hostile", version: "1.0.0" },
    }),
  "tools/list": ({ result }) => result({ tools: [plainTool("echo")] }),
  "tools/call": ({ result, params }) =>
    result({ content: [{ type: "text", text: `echo: ${params.arguments.text}` }] }),
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  return body;
}
