import type { McpServer, ToolPolicyService } from "@aibridge/proto";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { withinMs } from "../errors/within-ms.ts";
import { LruMap } from "../memory/lru-map.ts";

/** For whom tools are asked. */
export interface ToolPolicyQuery {
  /** Actor.id. */
  readonly actorId: string;
  readonly apiKeyId: string;
  /** Configured name of the provider the request is for. */
  readonly providerName: string;
}

/** Which central MCP servers an actor gets; the credentials in it are secret. */
export interface ToolPolicy {
  /** The same version means the same content. */
  readonly version: string;
  readonly servers: readonly McpServer[];
}

/** What is taken for the policy of an actor of whom no service has told any. */
export const unknownPolicy: ToolPolicy = { version: "", servers: [] };

/** A tool policy service's answer with its time of validity. */
export interface ToolPolicyAnswer extends ToolPolicy {
  /** Milliseconds for which the answer may be kept. */
  readonly cacheForMs: number;
}

/** Asks a tool policy service. Rejects with a ConnectError. */
export type AskToolPolicy = (query: ToolPolicyQuery) => Promise<ToolPolicyAnswer>;

/** Longest wait for a tool policy service's answer. */
const timeoutMs = 5_000;

/** Asks a ToolPolicyService over its client. */
export function askToolPolicy(client: Client<typeof ToolPolicyService>): AskToolPolicy {
  return async (query) => {
    const { version, servers, cacheFor } = await client.getToolPolicy(query, { timeoutMs });
    return { version, servers, cacheForMs: cacheFor === undefined ? 0 : durationMs(cacheFor) };
  };
}

/** Longest time an answer is kept, whatever the service says. */
const maxFreshMs = 300_000;
/** After a failure the last good answer, or none, serves this long before the service is asked again. */
const retryMs = 5_000;
/** A token is replaced this long before it expires. */
const tokenMarginMs = 30_000;
/** How long a question may keep requests from the answer before: a service that is well takes less. */
const patienceMs = 250;

interface Known {
  readonly policy: ToolPolicy;
  freshUntil: number;
}

/** A question under way. */
interface Asking {
  readonly since: number;
  /** Never rejects. */
  readonly answer: Promise<ToolPolicy>;
}

export interface CachedToolPoliciesOptions {
  readonly ask: AskToolPolicy;
  /** Called when the service could not be asked. */
  readonly failed: (error: unknown) => void;
  /** Answers kept at most; the least recently used goes first. @default 50000 */
  readonly maxKnown?: number;
}

/**
 * Remembers tool policies for as long as the service says (at most 5 minutes) and not beyond the expiry of a token in
 * them. While the service is slow or away the last good answer serves on: a request never fails for want of central tools,
 * and does not wait for what it had before.
 */
export class CachedToolPolicies {
  readonly #options: CachedToolPoliciesOptions;
  readonly #known: LruMap<Known>;
  readonly #asking = new Map<string, Asking>();

  constructor(options: CachedToolPoliciesOptions) {
    this.#options = options;
    this.#known = new LruMap(options.maxKnown ?? 50_000);
  }

  /**
   * The policy, at once where it is known. The one of before if a newer one does not come soon, unless a token in it has
   * expired. Never rejects: an actor whose policy nobody can tell has no servers.
   */
  get(query: ToolPolicyQuery): ToolPolicy | Promise<ToolPolicy> {
    const key = keyOf(query);
    const known = this.#known.get(key);
    if (known !== undefined && performance.now() < known.freshUntil) return known.policy;
    const { since, answer } = this.#ask(key, query);
    if (known === undefined || hasExpired(known.policy)) return answer;
    const waitMs = since + patienceMs - performance.now();
    return waitMs > 0 ? withinMs(answer, waitMs).then((newer) => newer ?? known.policy) : known.policy;
  }

  /** What was told last, however long ago; `unknownPolicy` if nothing was. */
  latest(query: ToolPolicyQuery): ToolPolicy {
    return this.#known.get(keyOf(query))?.policy ?? unknownPolicy;
  }

  /** Asks again, as after a server refused a token of the policy. */
  refresh(query: ToolPolicyQuery): Promise<ToolPolicy> {
    return this.#ask(keyOf(query), query).answer;
  }

  /** Everything known is asked for again before its next use. */
  markStale(): void {
    for (const [, known] of this.#known) known.freshUntil = 0;
  }

  #ask(key: string, query: ToolPolicyQuery): Asking {
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      const answer = this.#answer(key, query).finally(() => this.#asking.delete(key));
      asking = { since: performance.now(), answer };
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #answer(key: string, query: ToolPolicyQuery): Promise<ToolPolicy> {
    try {
      const { cacheForMs, ...policy } = await this.#options.ask(query);
      this.#known.set(key, { policy, freshUntil: performance.now() + freshMs(policy, cacheForMs) });
      return policy;
    } catch (error) {
      const policy = this.#known.get(key)?.policy ?? unknownPolicy;
      this.#options.failed(error);
      this.#known.set(key, { policy, freshUntil: performance.now() + waitAfter(error) });
      return policy;
    }
  }
}

/** A host that serves no tool policies is not asked at every request. */
function waitAfter(error: unknown): number {
  return ConnectError.from(error).code === Code.Unimplemented ? maxFreshMs : retryMs;
}

function hasExpired({ servers }: ToolPolicy): boolean {
  return servers.some(
    ({ tokenExpiresAt }) => tokenExpiresAt !== undefined && timestampMs(tokenExpiresAt) <= Date.now(),
  );
}

function freshMs({ servers }: ToolPolicy, cacheForMs: number): number {
  const expiries = servers.flatMap(({ tokenExpiresAt }) =>
    tokenExpiresAt === undefined ? [] : [timestampMs(tokenExpiresAt) - Date.now() - tokenMarginMs],
  );
  return Math.max(0, Math.min(cacheForMs, maxFreshMs, ...expiries));
}

function keyOf({ actorId, apiKeyId, providerName }: ToolPolicyQuery): string {
  return JSON.stringify([actorId, apiKeyId, providerName]);
}
