/** One thing to tell a watcher. */
export type WatchEvent<Snapshot> =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "invalidated"; readonly id: string }
  | { readonly kind: "all_invalidated" };

/** Ids a watcher that does not read may fall behind by; then it is told to forget everything instead. */
const MAX_PENDING_IDS = 1000;

/**
 * Hands the newest snapshot and every invalidation to any number of watchers. A slow watcher skips snapshots that are
 * no longer the newest, and never costs more than a bounded amount of memory.
 */
export class WatchFeed<Snapshot> {
  #snapshot: Snapshot;
  readonly #watchers = new Set<Watcher<Snapshot>>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** The newest snapshot. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    for (const watcher of this.#watchers) {
      watcher.offerSnapshot(snapshot);
    }
  }

  invalidate(id: string): void {
    for (const watcher of this.#watchers) {
      watcher.offerInvalidation(id);
    }
  }

  invalidateAll(): void {
    for (const watcher of this.#watchers) {
      watcher.offerInvalidationOfAll();
    }
  }

  /** The newest snapshot first, then everything that comes, until the signal aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<WatchEvent<Snapshot>> {
    const watcher = new Watcher(this.#snapshot);
    this.#watchers.add(watcher);
    const wake = () => watcher.wake();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const event = watcher.take();
        if (event === undefined) {
          await watcher.news();
        } else {
          yield event;
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#watchers.delete(watcher);
    }
  }
}

/** What one watcher has not been told yet. */
class Watcher<Snapshot> {
  #snapshot: { readonly newest: Snapshot } | undefined;
  #all = false;
  readonly #ids = new Set<string>();
  #waiting = Promise.withResolvers<void>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = { newest: snapshot };
  }

  offerSnapshot(snapshot: Snapshot): void {
    this.#snapshot = { newest: snapshot };
    this.wake();
  }

  offerInvalidation(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size > MAX_PENDING_IDS) {
      this.offerInvalidationOfAll();
    }
    this.wake();
  }

  offerInvalidationOfAll(): void {
    this.#ids.clear();
    this.#all = true;
    this.wake();
  }

  wake(): void {
    this.#waiting.resolve();
  }

  /** Resolves at the next {@link wake}. To be called right after {@link take} had nothing. */
  news(): Promise<void> {
    this.#waiting = Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** What to tell next, undefined if nothing; what was told is forgotten. */
  take(): WatchEvent<Snapshot> | undefined {
    if (this.#snapshot !== undefined) {
      const snapshot = this.#snapshot.newest;
      this.#snapshot = undefined;
      return { kind: "snapshot", snapshot };
    }
    if (this.#all) {
      this.#all = false;
      return { kind: "all_invalidated" };
    }
    for (const id of this.#ids) {
      this.#ids.delete(id);
      return { kind: "invalidated", id };
    }
    return undefined;
  }
}
