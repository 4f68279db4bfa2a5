import type { Change, ChangeStore } from "../store/store.ts";
import type { Changes } from "./changes.ts";

/**
 * How far each look goes back before the last one, in microseconds: a change is noted when its transaction begins and
 * seen when it ends, and no transaction takes this long.
 */
const OVERLAP = 60_000_000n;

/** When the database could not be read, and when it can be again. */
export interface ChangePollObserver {
  failed(reason: unknown): void;
  recovered(): void;
}

/**
 * Learns what other control planes on the same database have changed, and tells the parts of this process as if it had
 * happened here. What was missed while the database was away is caught up with.
 */
export class ChangePoll {
  readonly #store: ChangeStore;
  readonly #changes: Changes;
  readonly #observer: ChangePollObserver;
  readonly #intervalMs: number;
  /** What the last look has seen: overlapping looks see most of it again. */
  #seen: ReadonlySet<string> = new Set();
  /** Until the first look everything is new: whoever connected before it may have cached what has changed since. */
  #lookedAt = 0n;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(store: ChangeStore, changes: Changes, intervalMs: number, observer: ChangePollObserver) {
    this.#store = store;
    this.#changes = changes;
    this.#intervalMs = intervalMs;
    this.#observer = observer;
  }

  /** Begins to look. */
  start(): void {
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#closed) {
      this.#timer = setTimeout(() => void this.#look(), this.#intervalMs).unref();
    }
  }

  async #look(): Promise<void> {
    try {
      await this.#publishNew();
      if (this.#failing && !this.#closed) {
        this.#observer.recovered();
      }
      this.#failing = false;
    } catch (reason) {
      if (!this.#failing && !this.#closed) {
        this.#observer.failed(reason);
      }
      this.#failing = true;
    }
    this.#schedule();
  }

  async #publishNew(): Promise<void> {
    // The time is taken first: what is noted while the rows are read belongs to the next look.
    const now = await this.#store.now();
    const changes = await this.#store.listForeign(this.#lookedAt - OVERLAP);
    for (const change of changes) {
      if (!this.#seen.has(change.id)) {
        this.#publish(change);
      }
    }
    this.#seen = new Set(changes.map(({ id }) => id));
    this.#lookedAt = now;
  }

  #publish({ kind, subject }: Change): void {
    switch (kind) {
      case "token_revoked":
      case "token_expired":
        return this.#changes.tokenWorthless.publish(subject);
      case "gateway_key_revoked":
        return this.#changes.gatewayKeyRevoked.publish(subject);
      case "tools_approved":
        return this.#changes.toolsApproved.publish();
    }
  }
}
