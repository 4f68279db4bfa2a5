import type { CallToolResult, FetchLike } from "@modelcontextprotocol/client";
import type { Logger } from "../telemetry/log.ts";
import { hideCredentials } from "./hide-credentials.ts";
import type { McpAccess } from "./mcp-access.ts";
import { type CallLimits, McpConnection } from "./mcp-connection.ts";
import {
  failureKind,
  httpStatus,
  isOutOfReach,
  isTimeout,
  McpFailure,
  McpUnauthorized,
  mcpFailure,
} from "./mcp-failure.ts";
import type { ServerTool } from "./tool-list.ts";
import { untilAborted } from "./until-aborted.ts";

export interface ServerLinkOptions {
  readonly fetch: FetchLike;
  readonly clientVersion: string;
  readonly log: Logger;
  /** Told whether the server could be reached the last time. */
  readonly reached: (server: string, up: boolean) => void;
}

/** How an operator is told of a server. */
export interface LinkState {
  /** "new" was never asked; "up" answered the last time; "down" did not. */
  readonly kind: "new" | "up" | "down";
  /** Why it is down. */
  readonly reason: string | undefined;
}

/** Without a word from the server, its tools are asked for again after this time; sooner if it says so, but not at once. */
const catalogueAgeMs = 300_000;
const minCatalogueAgeMs = 1_000;
const minRetryMs = 1_000;
const maxRetryMs = 60_000;

/**
 * One actor's way to one MCP server with one set of credentials: the connection, made when needed, and the last good
 * list of its tools.
 */
export class ServerLink {
  readonly #options: ServerLinkOptions;
  readonly #access: McpAccess;
  readonly #hide: ReturnType<typeof hideCredentials>;
  #tools: readonly ServerTool[] | undefined;
  #staleAt = 0;
  #retryAt = 0;
  #retryMs = minRetryMs;
  #discovering: Promise<void> | undefined;
  #connecting: Promise<McpConnection> | undefined;
  #protocol: string | undefined;
  #calls = 0;
  #state: LinkState = { kind: "new", reason: undefined };
  #refused = false;
  #usedAt = performance.now();

  /** @param tools what the server listed before it was reached with these credentials */
  constructor(access: McpAccess, options: ServerLinkOptions, tools?: readonly ServerTool[]) {
    this.#access = access;
    this.#options = options;
    this.#hide = hideCredentials(access);
    this.#tools = tools;
  }

  /** The last good list; undefined until there was one. Another list is another array. */
  get tools(): readonly ServerTool[] | undefined {
    return this.#tools;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** True if the server did not take the credentials the last time it was asked for its tools. */
  get refused(): boolean {
    return this.#refused;
  }

  /** The version of MCP that the last connection spoke: "2026-07-28"; undefined if there was none. */
  get protocol(): string | undefined {
    return this.#protocol;
  }

  /** Milliseconds since the link was last used; 0 while a call is under way. */
  get idleMs(): number {
    return this.#calls > 0 ? 0 : performance.now() - this.#usedAt;
  }

  /** A request goes by this link: it is not idle. */
  use(): void {
    this.#usedAt = performance.now();
  }

  /**
   * Asks for the tools if that is due. A promise only as long as the server was never heard of: it never rejects, and
   * `tools` says what came of it.
   */
  discover(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#discovering === undefined && now >= this.#staleAt && now >= this.#retryAt)
      this.#discovering = this.#discover().finally(() => {
        this.#discovering = undefined;
      });
    return this.#tools === undefined && this.#state.kind === "new" ? this.#discovering : undefined;
  }

  /**
   * Calls a tool. A call that the server refused unseen, because it forgot the session, is made once more.
   * @throws McpUnauthorized or McpFailure
   */
  async call(tool: ServerTool, args: Record<string, unknown>, limits: CallLimits): Promise<CallToolResult> {
    this.#calls++;
    const signal = AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]);
    try {
      const result = await this.#onConnection(
        (one) => one.callTool(tool, args, { ...limits, signal }),
        signal,
      );
      return this.#hide(result);
    } catch (error) {
      if (!limits.signal.aborted) this.#afterFailure(error);
      throw this.#failure(error);
    } finally {
      this.#calls--;
      this.use();
    }
  }

  /** Closes the connection when the calls on it are over; the next use makes another. The list of tools is kept. */
  async close(): Promise<void> {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    await connecting?.then((connection) => connection.closeWhenQuiet()).catch(() => undefined);
  }

  /** Does something on the connection; once more on a new one if the server had forgotten the session. */
  async #onConnection<Result>(
    run: (connection: McpConnection) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const connection = await untilAborted(this.#connection(), signal);
    try {
      return await run(connection);
    } catch (error) {
      if (!connection.isForgotten(error)) throw error;
      void this.close();
      return await run(await untilAborted(this.#connection(), signal));
    }
  }

  async #discover(): Promise<void> {
    try {
      const listed = await this.#onConnection((one) => one.listTools(), AbortSignal.timeout(maxRetryMs));
      const tools = this.#hide(listed.tools);
      // The same array for the same content, so that what was made of it serves on.
      if (JSON.stringify(tools) !== JSON.stringify(this.#tools)) this.#tools = tools;
      const ageMs = Math.min(listed.ttlMs ?? catalogueAgeMs, catalogueAgeMs);
      this.#staleAt = performance.now() + Math.max(ageMs, minCatalogueAgeMs);
      this.#becomes({ kind: "up", reason: undefined });
    } catch (error) {
      void this.close();
      this.#refused = httpStatus(error) === 401;
      this.#becomes({ kind: "down", reason: this.#failure(error).message });
    }
  }

  /** A server that is away is asked for its tools until it is back; one that is too slow gets a new connection. */
  #afterFailure(error: unknown): void {
    if (!isTimeout(error) && !isOutOfReach(error)) return;
    void this.close();
    this.#staleAt = 0;
    if (isOutOfReach(error)) this.#becomes({ kind: "down", reason: this.#failure(error).message });
  }

  /** Without its cause, which may hold all that the server said. */
  #failure(error: unknown): McpUnauthorized | McpFailure {
    const reason = mcpFailure(error, this.#hide);
    return httpStatus(error) === 401
      ? new McpUnauthorized(reason)
      : new McpFailure(reason, failureKind(error));
  }

  #becomes(state: LinkState): void {
    const { name, shownUrl: url } = this.#access;
    const { log, reached } = this.#options;
    if (state.kind === "up") {
      this.#refused = false;
      this.#retryMs = minRetryMs;
    } else {
      this.#retryAt = performance.now() + this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    }
    if (state.kind !== this.#state.kind) {
      if (state.kind === "down")
        log.warn({ server: name, url, reason: state.reason }, "an MCP server is out of reach");
      else log.info({ server: name, url, tools: this.#tools?.length }, "an MCP server answers");
    }
    this.#state = state;
    reached(name, state.kind === "up");
  }

  #connection(): Promise<McpConnection> {
    if (this.#connecting !== undefined) return this.#connecting;
    const { fetch, clientVersion } = this.#options;
    const lost = () => {
      if (this.#connecting !== connecting) return;
      this.#connecting = undefined;
      // Without a connection nobody says that the tools changed.
      this.#staleAt = 0;
    };
    const toolsChanged = () => {
      this.#staleAt = 0;
      void this.discover();
    };
    const connecting = McpConnection.open({ access: this.#access, fetch, clientVersion, toolsChanged, lost });
    this.#connecting = connecting;
    connecting.then((connection) => {
      this.#protocol = connection.protocol;
    }, lost);
    return connecting;
  }
}
