import { LruMap } from "../../../memory/lru-map.ts";

/** What a client does not know of a response (or conversation) that the provider keeps and it goes on from. */
export interface HiddenState {
  /** Id to go on from: that of the last hidden turn. */
  readonly id: string;
  /** Central calls in it that nobody has answered: the provider wants an output for each before anything else. */
  readonly pendingCallIds: readonly string[];
}

/**
 * Remembers what the provider holds of an answer beyond what its client saw. A client goes on from the id that its stream
 * began with, while the provider's last response of that answer has another one.
 */
export interface ResponseAliases {
  /**
   * @param shown the id that the client knows: of a response, or of a conversation
   * @param last the id that the next request has to name
   * @param pendingCallIds central calls that were not run; an empty list forgets those of before
   */
  remember(shown: string, last: string, pendingCallIds: readonly string[]): void;
  find(shown: string): HiddenState | undefined;
  /** True if there is nothing to be learnt of it: it was remembered, be it that nothing was hidden, or never can be. */
  knows(shown: string): boolean;
}

/** Longer ids are not remembered, nor more calls of one response: no provider has such. */
const maxIdLength = 256;
const maxPendingCalls = 128;

/**
 * The aliases of one gateway. They are kept in memory. What another gateway has served, or this one before its start, is
 * in the records (`control/last-messages`). Where the recorder cannot be asked either, the provider refuses the next
 * request for a missing output, which is then added (`withMissingOutput`); what was said in hidden turns is lost then, and
 * an output for a call in one of those is refused for good.
 */
export class ResponseAliasMemory {
  readonly #hidden: LruMap<HiddenState>;
  // Apart, because clients choose what is looked up: ids that mean nothing must not crowd out those that do.
  readonly #plain: LruMap<true>;

  /** @param maxEntries of all scopes together, and as many of which nothing was hidden. @default 50 000 */
  constructor(maxEntries = 50_000) {
    this.#hidden = new LruMap(maxEntries);
    this.#plain = new LruMap(maxEntries);
  }

  /** @param scope who may find them: an actor and a provider. Ids of small providers are not unique. */
  of(scope: string): ResponseAliases {
    return {
      remember: (shown, last, pendingCallIds) => this.#remember(scope, shown, { id: last, pendingCallIds }),
      find: (shown) => this.#hidden.get(keyOf(scope, shown)),
      knows: (shown) => !isPossible(shown) || this.#knows(keyOf(scope, shown)),
    };
  }

  #remember(scope: string, shown: string, { id, pendingCallIds }: HiddenState): void {
    if (!isPossible(shown)) return;
    const key = keyOf(scope, shown);
    const pending = pendingCallIds.filter((callId) => callId.length <= maxIdLength).slice(0, maxPendingCalls);
    const isPlain = id === shown && pending.length === 0;
    this.#hidden.delete(key);
    this.#plain.delete(key);
    if (isPlain || !isPossible(id)) this.#plain.set(key, true);
    else this.#hidden.set(key, { id, pendingCallIds: pending });
  }

  #knows(key: string): boolean {
    return this.#hidden.get(key) !== undefined || this.#plain.get(key) !== undefined;
  }
}

function isPossible(id: string): boolean {
  return id !== "" && id.length <= maxIdLength;
}

function keyOf(scope: string, shown: string): string {
  return JSON.stringify([scope, shown]);
}
