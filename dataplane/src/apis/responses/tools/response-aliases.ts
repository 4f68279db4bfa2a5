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
}

/** Longer ids are not remembered, nor more calls of one response: no provider has such. */
const maxIdLength = 256;
const maxPendingCalls = 128;

/**
 * The aliases of one gateway. They are kept in memory. Where they are lost (another replica, a restart) the provider
 * refuses the next request for a missing output, which is then added (`withMissingOutput`); what was said in hidden turns
 * is lost then, and an output for a call in one of those is refused for good.
 */
export class ResponseAliasMemory {
  readonly #maxEntries: number;
  // A Map keeps insertion order: the first entry is the one that was not used for the longest time.
  readonly #entries = new Map<string, HiddenState>();

  /** @param maxEntries of all scopes together. @default 50 000 */
  constructor(maxEntries = 50_000) {
    this.#maxEntries = maxEntries;
  }

  /** @param scope who may find them: an actor and a provider. Ids of small providers are not unique. */
  of(scope: string): ResponseAliases {
    return {
      remember: (shown, last, pendingCallIds) => this.#remember(scope, shown, { id: last, pendingCallIds }),
      find: (shown) => this.#find(keyOf(scope, shown)),
    };
  }

  #remember(scope: string, shown: string, { id, pendingCallIds }: HiddenState): void {
    const key = keyOf(scope, shown);
    this.#entries.delete(key);
    const pending = pendingCallIds.filter((callId) => callId.length <= maxIdLength).slice(0, maxPendingCalls);
    const saysNothing = id === shown && pending.length === 0;
    if (saysNothing || shown === "" || id === "" || Math.max(shown.length, id.length) > maxIdLength) return;
    this.#entries.set(key, { id, pendingCallIds: pending });
    if (this.#entries.size <= this.#maxEntries) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  #find(key: string): HiddenState | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }
}

function keyOf(scope: string, shown: string): string {
  return JSON.stringify([scope, shown]);
}
