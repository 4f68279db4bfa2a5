import type { McpServer } from "@aibridge/proto";
import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import { LruMap } from "../memory/lru-map.ts";
import { mcpAccess } from "./mcp-access.ts";
import { ServerLink, type ServerLinkOptions } from "./server-link.ts";

/** A connection that nobody uses is closed after this time; the server's tools are remembered for longer. */
const idleMs = 300_000;
const forgetMs = 3_600_000;
const sweepMs = 60_000;

export interface ServerLinksOptions extends ServerLinkOptions {
  /** Links at most; the one that was not used for the longest time makes room. @default 10000 */
  readonly maxLinks?: number;
}

/**
 * The links to MCP servers, one for each actor, server and set of credentials: nobody's credentials serve anybody else,
 * and new credentials make a new connection.
 */
export class ServerLinks {
  readonly #options: ServerLinksOptions;
  readonly #links: LruMap<ServerLink>;
  /** The link of a server that a policy led to the last time. */
  readonly #last: LruMap<ServerLink>;
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: ServerLinksOptions) {
    this.#options = options;
    const maxLinks = options.maxLinks ?? 10_000;
    this.#links = new LruMap(maxLinks, (link) => void link.close());
    this.#last = new LruMap(maxLinks);
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** The link to a server of the policy that this query got. */
  of(query: ToolPolicyQuery, server: McpServer): ServerLink {
    const { actorId, apiKeyId, providerName } = query;
    const access = mcpAccess(server);
    const key = JSON.stringify([actorId, server.name, access.key]);
    const place = JSON.stringify([actorId, apiKeyId, providerName, server.name, server.url]);
    const link = this.#links.get(key) ?? new ServerLink(access, this.#options, this.#succeed(place));
    link.use();
    this.#links.set(key, link);
    this.#last.set(place, link);
    return link;
  }

  close(): void {
    clearInterval(this.#sweeper);
    for (const [, link] of this.#links) void link.close();
    this.#links.clear();
  }

  /** The policy has new credentials: its server goes on with the tools it had until it lists them again. */
  #succeed(place: string): ServerLink["tools"] {
    const before = this.#last.get(place);
    void before?.close();
    return before?.tools;
  }

  #sweep(): void {
    for (const [key, link] of this.#links) {
      if (link.idleMs > idleMs) void link.close();
      if (link.idleMs > forgetMs) this.#links.delete(key);
    }
  }
}
