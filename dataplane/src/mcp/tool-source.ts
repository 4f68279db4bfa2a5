import type { McpServer } from "@aibridge/proto";
import type { CallToolResult } from "@modelcontextprotocol/client";
import {
  type CachedToolPolicies,
  type ToolPolicy,
  type ToolPolicyQuery,
  unknownPolicy,
} from "../control/tool-policies.ts";
import type { Logger } from "../telemetry/log.ts";
import type { CallLimits } from "./mcp-connection.ts";
import { McpToolGone, McpUnauthorized } from "./mcp-failure.ts";
import type { ServerLink } from "./server-link.ts";
import type { ServerLinks } from "./server-links.ts";
import { InvalidToolPattern } from "./tool-filter.ts";
import type { ToolPins } from "./tool-pins.ts";
import { type InjectedTool, type JudgedTool, judgeTools, type ToolSet, toolSet } from "./tool-set.ts";
import { untilAborted } from "./until-aborted.ts";

export interface ToolSourceOptions {
  readonly policies: Pick<CachedToolPolicies, "get" | "refresh" | "latest">;
  readonly links: Pick<ServerLinks, "of">;
  readonly pins: Pick<ToolPins, "mode" | "settle" | "isSettled" | "admitted" | "problem">;
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
  /** Until when requests wait: for a server that was never heard of, and for each check of its definitions. */
  readonly #waitUntil = new WeakMap<ServerLink | Promise<void>, number>();
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
   * True if the actor has as many tools as can be: the policy is known, and each server in it has listed its tools, all of
   * which were checked.
   */
  isSettled(query: ToolPolicyQuery): boolean {
    const policy = this.#options.policies.latest(query);
    if (policy === unknownPolicy) return false;
    return policy.servers.every((server) => {
      const { tools } = this.#options.links.of(query, server);
      return tools !== undefined && this.#options.pins.isSettled(server, tools);
    });
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
    const callBy = async (policy: ToolPolicy) => {
      const { server, link } = this.#linked(policy, query, tool);
      await this.#check(server, link, tool, limits.signal);
      return await link.call(tool.definition, args, limits);
    };
    try {
      return await callBy(await policies.get(query));
    } catch (error) {
      if (!(error instanceof McpUnauthorized)) throw error;
      return await callBy(await policies.refresh(query));
    }
  }

  /** @throws McpToolGone if the tool, or what its server says of it by now, waits to be approved */
  async #check(server: McpServer, link: ServerLink, tool: InjectedTool, signal: AbortSignal): Promise<void> {
    const { pins } = this.#options;
    if (pins.mode === "off") return;
    // A conversation keeps its tools, so its requests do not ask what the server lists by now.
    void link.discover();
    const checked = this.#checked({ server, link });
    if (checked !== undefined) await untilAborted(checked, signal).catch(() => undefined);
    const problem = pins.problem(server, tool.listed, link.tools);
    if (problem !== undefined) throw new McpToolGone(problem);
  }

  /** @throws McpToolGone if the policy, as it is now, does not have the tool any more */
  #linked(policy: ToolPolicy, query: ToolPolicyQuery, tool: InjectedTool): Linked {
    const server = policy.servers.find(({ name, url }) => name === tool.server && url === tool.url);
    if (server === undefined || !this.#allows(server, tool))
      throw new McpToolGone("the tool is not available any more");
    return { server, link: this.#options.links.of(query, server) };
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
    const checks = linked.map((one) => this.#checked(one)).filter((check) => check !== undefined);
    if (checks.length > 0) return Promise.all(checks).then(() => this.#toolsNow(policy, query, linked));
    return this.#toolsNow(policy, query, linked);
  }

  #toolsNow(
    policy: ToolPolicy,
    query: ToolPolicyQuery,
    linked: readonly Linked[],
  ): ToolSet | undefined | Promise<ToolSet | undefined> {
    return this.#renewed(linked, query) ?? this.#make(policy, linked);
  }

  /** The wait for a server that was never heard of; undefined where there is none. */
  #discovery(link: ServerLink): Promise<void> | undefined {
    const discovery = link.discover();
    if (discovery === undefined) return undefined;
    return this.#wait(discovery, this.#until(link));
  }

  /** The wait until the definitions of a server are checked; undefined where there is none. */
  #checked({ server, link }: Linked): Promise<void> | undefined {
    const check = link.tools && this.#options.pins.settle(server, link.tools);
    // What a first request waits for the server and for this counts together.
    return check && this.#wait(check, this.#until(check, this.#waitUntil.get(link)));
  }

  /** Until when all requests together wait for something. @param begun until when they wait anyway */
  #until(awaited: ServerLink | Promise<void>, begun = 0): number {
    const now = performance.now();
    const until =
      this.#waitUntil.get(awaited) ?? (begun > now ? begun : now + this.#options.discoveryBudgetMs());
    this.#waitUntil.set(awaited, until);
    return until;
  }

  #wait(work: Promise<void>, until: number): Promise<void> | undefined {
    const left = until - performance.now();
    if (left <= 0) return undefined;
    return untilAborted(work, AbortSignal.timeout(Math.ceil(left))).catch(() => undefined);
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
    const { pins } = this.#options;
    const lists = linked.map(({ server, link }) => link.tools && pins.admitted(server, link.tools));
    for (const [index, { server }] of linked.entries())
      if (lists[index] === undefined) this.#options.discoveryFailed(server.name);
    const made = this.#made.get(policy);
    if (made !== undefined && lists.every((list, index) => list === made.lists[index])) return made.set;
    const set = this.#setOf(linked, lists);
    this.#made.set(policy, { lists, set });
    return set;
  }

  #setOf(linked: readonly Linked[], lists: readonly ServerLink["tools"][]): ToolSet | undefined {
    const set = toolSet(
      linked.flatMap(({ server }, index) => this.#judged(server, lists[index] ?? [])),
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
