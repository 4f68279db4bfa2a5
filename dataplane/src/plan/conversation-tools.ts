import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import type { ToolSet } from "../mcp/tool-set.ts";
import type { ToolSource } from "../mcp/tool-source.ts";
import { LruMap } from "../memory/lru-map.ts";

/** Conversations remembered at most; the one that was not heard of for the longest time goes first. */
const maxConversations = 50_000;

/**
 * Gives each conversation the tools it began with: providers cache a prompt by its beginning, tools included, and bind
 * thoughts to it. What was added since joins new conversations; what is gone answers calls with an error. A conversation that
 * began without tools only because they could not be found gets them when they are: the provider's cache suffers once.
 */
export class ConversationTools {
  readonly #source: Pick<ToolSource, "toolsFor" | "isSettled">;
  readonly #begun = new LruMap<{ readonly tools: ToolSet | undefined }>(maxConversations);

  constructor(source: Pick<ToolSource, "toolsFor" | "isSettled">) {
    this.#source = source;
  }

  /** @param session the client's name for the conversation; undefined: each request is one of its own */
  toolsFor(
    query: ToolPolicyQuery,
    session: string | undefined,
  ): ToolSet | undefined | Promise<ToolSet | undefined> {
    if (session === undefined) return this.#source.toolsFor(query);
    const key = JSON.stringify([query.actorId, query.providerName, session]);
    const begun = this.#begun.get(key);
    if (begun !== undefined) return begun.tools;
    const tools = this.#source.toolsFor(query);
    if (tools instanceof Promise) return tools.then((found) => this.#begin(key, query, found));
    return this.#begin(key, query, tools);
  }

  /** Of requests that begin a conversation at once, the first one to know its tools decides. */
  #begin(key: string, query: ToolPolicyQuery, tools: ToolSet | undefined): ToolSet | undefined {
    const begun = this.#begun.get(key);
    if (begun !== undefined) return begun.tools;
    if (tools === undefined && !this.#source.isSettled(query)) return undefined;
    this.#begun.set(key, { tools });
    return tools;
  }
}
