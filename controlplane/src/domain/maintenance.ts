import { uuidv7 } from "@aibridge/proto/channel";
import type { Store } from "../store/store.ts";
import { firstIdAt } from "./id-time.ts";
import { type Clock, microsOfMillis } from "./micros.ts";
import { Orphans } from "./orphans.ts";

/** Rows of one deletion: small, so that records that arrive meanwhile do not wait. */
const BATCH = 500;
/** How long changes are kept for control planes that cannot read them for a while. */
const CHANGES_KEPT_MS = 24 * 60 * 60 * 1000;
/** How long records of deleted interceptions may be under way, in the spool of a data plane that is cut off. */
const LATE_FOR_MS = 7 * 24 * 60 * 60 * 1000;
/** The lease outlives this many missed rounds; then another control plane takes over. */
const LEASE_ROUNDS = 3;
/** It must also outlive one batch, whatever the rounds. */
const MIN_LEASE_MS = 30_000;

/** How often all interceptions are looked through for those without an end, and not only the newer ones. */
const FULL_LOOK_MS = 6 * 60 * 60 * 1000;

/** How long what is kept. Read anew in each round: it may change with the configuration. */
export interface MaintenanceRules {
  readonly retentionMs: number;
  readonly orphanAfterMs: number;
}

export interface MaintenanceOptions {
  readonly store: Pick<Store, "leases" | "deletions" | "changes" | "records">;
  readonly rules: () => MaintenanceRules;
  readonly clock: Clock;
  /** Time between two rounds. */
  readonly intervalMs: number;
  readonly observer: { failed(reason: unknown): void; orphansClosed(count: number): void };
}

/**
 * Deletes what is older than the retention, gives interceptions that never ended a provisional end, and tidies up.
 * Of all control planes on one database, only the holder of the lease does it; when that one is gone, its lease runs
 * out and another goes on. Everything may be interrupted at any place: the next round takes it up again.
 */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #holder = uuidv7();
  readonly #orphans: Orphans;
  #fullLookAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#orphans = new Orphans(options.store);
    this.#schedule(0);
  }

  /** Stops after the batch at hand and gives the lease back. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
    await this.#options.store.leases.release(this.#holder).catch(() => undefined);
  }

  #schedule(delayMs: number): void {
    const begin = () => {
      this.#round = this.#run();
    };
    this.#timer = setTimeout(begin, delayMs).unref();
  }

  async #run(): Promise<void> {
    try {
      if (await this.#mayGoOn()) {
        await this.#deleteOld();
        await this.#deleteLate();
        await this.#closeOrphans();
        await this.#options.store.changes.removeOlderThan(microsOfMillis(CHANGES_KEPT_MS));
      }
    } catch (reason) {
      this.#options.observer.failed(reason);
    }
    if (!this.#closed) {
      this.#schedule(this.#options.intervalMs);
    }
  }

  /** Takes or renews the lease. Asked before each batch, so that one that was lost is noticed. */
  async #mayGoOn(): Promise<boolean> {
    const ttl = Math.max(this.#options.intervalMs * LEASE_ROUNDS, MIN_LEASE_MS);
    return !this.#closed && (await this.#options.store.leases.take(this.#holder, microsOfMillis(ttl)));
  }

  async #deleteOld(): Promise<void> {
    const { store, rules, clock } = this.#options;
    const before = firstIdAt(clock() - rules().retentionMs);
    while (await this.#mayGoOn()) {
      if (!(await store.deletions.deleteBefore(before, BATCH))) {
        return;
      }
    }
  }

  async #deleteLate(): Promise<void> {
    let after: string | undefined;
    while (await this.#mayGoOn()) {
      const maxAge = microsOfMillis(LATE_FOR_MS);
      after = await this.#options.store.deletions.deleteLate({ maxAge, after, limit: BATCH });
      if (after === undefined) {
        return;
      }
    }
  }

  async #closeOrphans(): Promise<void> {
    const { rules, clock, observer } = this.#options;
    const now = clock();
    if (now >= this.#fullLookAt) {
      this.#orphans.lookAtAllAgain();
      this.#fullLookAt = now + FULL_LOOK_MS;
    }
    const closed = await this.#orphans.close(now - rules().orphanAfterMs, now, () => this.#mayGoOn());
    if (closed > 0) {
      observer.orphansClosed(closed);
    }
  }
}
