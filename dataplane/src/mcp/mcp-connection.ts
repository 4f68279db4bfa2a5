import {
  type CallToolResult,
  Client,
  type FetchLike,
  SdkError,
  SdkErrorCode,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { takeUnknownContent } from "./known-content.ts";
import type { McpAccess } from "./mcp-access.ts";
import { httpStatus } from "./mcp-failure.ts";
import { fetchTellingEnds, tellingEnds } from "./stream-end.ts";
import { type ListedTools, listTools, type ServerTool } from "./tool-list.ts";
import { untilAborted } from "./until-aborted.ts";

export interface CallLimits {
  /** Cancels the call, at the server too. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Goes to the server as `_meta.traceparent` (MCP 2026-07-28). @default none */
  readonly traceparent?: string | undefined;
}

export interface McpConnectionOptions {
  readonly access: McpAccess;
  readonly fetch: FetchLike;
  /** Name and version that servers see. */
  readonly clientVersion: string;
  /** The server says that its tools changed. */
  readonly toolsChanged: () => void;
  /** The connection is over without having been closed from here. */
  readonly lost: () => void;
}

/** Longest time for each request of connecting, and for all of them, in milliseconds. */
const requestTimeoutMs = 10_000;
const connectTimeoutMs = 15_000;
/** Time for reading an answer after its stream is over, in milliseconds. */
const answerGraceMs = 500;

/**
 * One connection to one MCP server, with one set of credentials. Speaks the protocol version the server knows (with and
 * without sessions), over Streamable HTTP or, where a server has only that, HTTP+SSE.
 */
export class McpConnection {
  readonly #client: Client;
  readonly #transport: Transport;
  #requests = 0;
  #closing = false;

  private constructor(client: Client, transport: Transport) {
    this.#client = client;
    this.#transport = transport;
  }

  /** Rejects with whatever stood in the way. */
  static async open(options: McpConnectionOptions): Promise<McpConnection> {
    const { transport } = options.access;
    if (transport === "sse") return McpConnection.#connect(options, "sse");
    try {
      return await McpConnection.#connect(options, "streamable-http");
    } catch (error) {
      if (transport === "streamable-http" || !isUnknownToServer(error)) throw error;
      return McpConnection.#connect(options, "sse");
    }
  }

  static async #connect(
    options: McpConnectionOptions,
    kind: "streamable-http" | "sse",
  ): Promise<McpConnection> {
    const client = newClient(options);
    const { url, headers } = options.access;
    const transportOptions = { fetch: fetchTellingEnds(options.fetch), requestInit: { headers } };
    const transport =
      kind === "sse"
        ? new SSEClientTransport(new URL(url), transportOptions)
        : new StreamableHTTPClientTransport(new URL(url), transportOptions);
    try {
      const connected = client.connect(transport, { timeout: requestTimeoutMs });
      await untilAborted(connected, AbortSignal.timeout(connectTimeoutMs));
    } catch (error) {
      await client.close().catch(() => undefined);
      throw error;
    }
    client.onclose = () => options.lost();
    takeUnknownContent(transport);
    return new McpConnection(client, transport);
  }

  /** The protocol version both sides speak: "2026-07-28". */
  get protocol(): string | undefined {
    return this.#client.getNegotiatedProtocolVersion();
  }

  /** Rejects for a list that takes too long or has too many pages. */
  listTools(): Promise<ListedTools> {
    return this.#underWay(() => listTools(this.#client));
  }

  /**
   * True if a call failed because the server does not know this connection's session any more: it has run nothing. Such
   * a server answers 404 (MCP, Streamable HTTP), or 400 as many do.
   */
  isForgotten(error: unknown): boolean {
    const status = httpStatus(error);
    return status === 404 || (status === 400 && this.#transport.sessionId !== undefined);
  }

  /** Results are not checked against the tool's own output schema: the model may make of them what it can. */
  callTool(tool: ServerTool, args: Record<string, unknown>, limits: CallLimits): Promise<CallToolResult> {
    return this.#underWay(() => this.#call(tool, args, limits));
  }

  /** The connection is not closed before this is done. */
  async #underWay<Result>(request: () => Promise<Result>): Promise<Result> {
    this.#requests++;
    try {
      return await request();
    } finally {
      this.#requests--;
      if (this.#closing) void this.closeWhenQuiet();
    }
  }

  /** Gives up when the answer's stream is over without it, unless the server lets streams be gone on with. */
  async #call(
    { name, inputSchema }: ServerTool,
    args: Record<string, unknown>,
    { signal, timeoutMs, traceparent }: CallLimits,
  ): Promise<CallToolResult> {
    const gone = new AbortController();
    const request = { name, arguments: args, ...(traceparent && { _meta: { traceparent } }) };
    let timer: NodeJS.Timeout | undefined;
    let resumable = false;
    const over = () => {
      if (resumable) return;
      timer = setTimeout(() => gone.abort(closedConnection()), answerGraceMs);
    };
    const options = {
      signal: AbortSignal.any([signal, gone.signal]),
      timeout: timeoutMs,
      maxTotalTimeout: timeoutMs,
      toolDefinition: { name, inputSchema },
      onresumptiontoken: () => {
        resumable = true;
      },
    };
    try {
      return await tellingEnds(over, () => this.#client.callTool(request, options));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Closes the connection as soon as no request is under way, and lets the server forget its session. Resolves when that
   * is done, or at once when requests have to end first.
   */
  async closeWhenQuiet(): Promise<void> {
    this.#closing = true;
    if (this.#requests > 0) return;
    this.#client.onclose = () => undefined;
    await untilAborted(this.#endSession(), AbortSignal.timeout(requestTimeoutMs)).catch(() => undefined);
    await this.#client.close().catch(() => undefined);
  }

  async #endSession(): Promise<void> {
    if (this.#transport instanceof StreamableHTTPClientTransport) await this.#transport.terminateSession();
  }
}

function newClient({ clientVersion, toolsChanged }: McpConnectionOptions): Client {
  return new Client(
    { name: "aibridge", version: clientVersion },
    {
      // No capabilities: a server that asks the gateway for anything gets an error.
      capabilities: {},
      versionNegotiation: { mode: "auto" },
      inputRequired: { autoFulfill: false },
      listChanged: { tools: { autoRefresh: false, onChanged: toolsChanged } },
    },
  );
}

function closedConnection(): SdkError {
  return new SdkError(SdkErrorCode.ConnectionClosed, "the answer's stream is over");
}

/** A server that has no Streamable HTTP answers the first POST with one of these (MCP 2025-06-18, backwards compatibility). */
function isUnknownToServer(error: unknown): boolean {
  return [400, 404, 405, 406, 415].includes(httpStatus(error) ?? 0);
}
