import type { McpServer } from "@aibridge/proto";
import type { CallToolResult } from "@modelcontextprotocol/client";
import type { CachedToolPolicies, ToolPolicy, ToolPolicyQuery } from "../control/tool-policies.ts";
import type { Logger } from "../telemetry/log.ts";
import type { CallLimits } from "./mcp-connection.ts";
import { McpToolGone, McpUnauthorized } from "./mcp-failure.ts";
import type { ServerLink } from "./server-link.ts";
import type { ServerLinks } from "./server-links.ts";
import { InvalidToolPattern } from "./tool-filter.ts";
import { type InjectedTool, type JudgedTool, judgeTools, type ToolSet, toolSet } from "./tool-set.ts";
import { untilAborted } from "./until-aborted.ts";

export interface ToolSourceOptions {
  readonly policies: Pick<CachedToolPolicies, "get" | "refresh">;
  readonly links: Pick<ServerLinks, "of">;
  readonly log: Logger;
  /** Longest wait of a first request for tools, in milliseconds. Read at each use. */
  readonly discoveryBudgetMs: () => number;
  /** A request goes without the tools of a server, which it could not list in time. */
  readonly discoveryFailed: (server: string) => void;
}

/** A server of the policy with the actor's link to it. */
interface Linked {
  readonly server: McpServer;
  readonly link: ServerLink;
}

/** What was made of one policy and the lists of its servers, as long as all of them are the same. */
interface Made {
  readonly lists: readonly (readonly unknown[] | undefined)[];
  readonly set: ToolSet | undefined;
}

/** Which central tools an actor gets, and the way to call them. */
export class ToolSource {
  readonly #options: ToolSourceOptions;
  /** By policy object: it lives as long as the answer it came with. */
  readonly #made = new WeakMap<ToolPolicy, Made>();
  /** Until when requests wait for a server that was never heard of. */
  readonly #waitUntil = new WeakMap<ServerLink, number>();
  /** Servers that refused the credentials, after which the policy was asked for again. */
  readonly #askedAgain = new WeakSet<ServerLink>();

  constructor(options: ToolSourceOptions) {
    this.#options = options;
  }

  /**
   * The actor's tools; undefined where the policy has none or no server has any. At once where everything is known;
   * waits for servers that were never asked, all requests together at most for the budget. Never rejects: a server that
   * is out of reach is left out until it answers.
   */
  toolsFor(query: ToolPolicyQuery): ToolSet | undefined | Promise<ToolSet | undefined> {
    const policy = this.#options.policies.get(query);
    return policy instanceof Promise
      ? policy.then((known) => this.#toolsOf(known, query))
      : this.#toolsOf(policy, query);
  }

  /**
   * Calls a tool with the credentials the policy has now; once more with newer ones if the server refuses them.
   * @throws Error whose message says what went wrong, fit for records and the model
   */
  async call(
    query: ToolPolicyQuery,
    tool: InjectedTool,
    args: Record<string, unknown>,
    limits: CallLimits,
  ): Promise<CallToolResult> {
    const { policies } = this.#options;
    try {
      return await this.#link(await policies.get(query), query, tool).call(tool.definition, args, limits);
    } catch (error) {
      if (!(error instanceof McpUnauthorized)) throw error;
      return await this.#link(await policies.refresh(query), query, tool).call(tool.definition, args, limits);
    }
  }

  /** @throws McpToolGone if the policy, as it is now, does not have the tool any more */
  #link(policy: ToolPolicy, query: ToolPolicyQuery, tool: InjectedTool): ServerLink {
    const server = policy.servers.find(({ name, url }) => name === tool.server && url === tool.url);
    if (server === undefined || !this.#allows(server, tool))
      throw new McpToolGone("the tool is not available any more");
    return this.#options.links.of(query, server);
  }

  #allows(server: McpServer, { definition }: InjectedTool): boolean {
    const [judged] = this.#judged(server, [definition]);
    return judged !== undefined && judged.out === undefined;
  }

  #toolsOf(policy: ToolPolicy, query: ToolPolicyQuery): ToolSet | undefined | Promise<ToolSet | undefined> {
    if (policy.servers.length === 0) return undefined;
    const linked = policy.servers.map((server) => ({ server, link: this.#options.links.of(query, server) }));
    const waits = linked.map(({ link }) => this.#discovery(link)).filter((wait) => wait !== undefined);
    if (waits.length > 0) return Promise.all(waits).then(() => this.#toolsOf(policy, query));
    return this.#renewed(linked, query) ?? this.#make(policy, linked);
  }

  /** The wait for a server that was never heard of; undefined where there is none. */
  #discovery(link: ServerLink): Promise<void> | undefined {
    const discovery = link.discover();
    if (discovery === undefined) return undefined;
    const now = performance.now();
    const until = this.#waitUntil.get(link) ?? now + this.#options.discoveryBudgetMs();
    this.#waitUntil.set(link, until);
    if (until <= now) return undefined;
    return untilAborted(discovery, AbortSignal.timeout(Math.ceil(until - now))).catch(() => undefined);
  }

  /** Asks for the policy again, once, if a server refused its credentials. The tools by it where there are none yet. */
  #renewed(linked: readonly Linked[], query: ToolPolicyQuery): Promise<ToolSet | undefined> | undefined {
    const refused = linked.filter(({ link }) => link.refused && !this.#askedAgain.has(link));
    if (refused.length === 0) return undefined;
    for (const { link } of refused) this.#askedAgain.add(link);
    const renewed = this.#options.policies.refresh(query);
    if (refused.every(({ link }) => link.tools !== undefined)) return undefined;
    return renewed.then((policy) => this.#toolsOf(policy, query));
  }

  #make(policy: ToolPolicy, linked: readonly Linked[]): ToolSet | undefined {
    const lists = linked.map(({ link }) => link.tools);
    for (const [index, { server }] of linked.entries())
      if (lists[index] === undefined) this.#options.discoveryFailed(server.name);
    const made = this.#made.get(policy);
    if (made !== undefined && lists.every((list, index) => list === made.lists[index])) return made.set;
    const set = this.#setOf(linked);
    this.#made.set(policy, { lists, set });
    return set;
  }

  #setOf(linked: readonly Linked[]): ToolSet | undefined {
    const set = toolSet(
      linked.flatMap(({ server, link }) => this.#judged(server, link.tools ?? [])),
      (tools) => this.#options.log.warn({ tools }, "an actor has more central tools than a request can hold"),
    );
    return set.central.length === 0 ? undefined : set;
  }

  /** The server's tools, each with the reason if it is out; none if its patterns cannot be worked by. */
  #judged(server: McpServer, tools: NonNullable<ServerLink["tools"]>): JudgedTool[] {
    try {
      const judged = judgeTools(server, tools);
      for (const { definition, out, unusable } of judged)
        if (unusable)
          this.#options.log.warn({ server: server.name, tool: definition.name, out }, "a tool is left out");
      return judged;
    } catch (error) {
      if (!(error instanceof InvalidToolPattern)) throw error;
      this.#options.log.error({ server: server.name, reason: error.message }, "a tool policy is refused");
      return [];
    }
  }
}
