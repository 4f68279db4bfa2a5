import type { ConfigFile } from "@aibridge/proto/config-file";
import type { CompiledOptions } from "./config/compile-options.ts";
import { ChangePoll } from "./domain/change-poll.ts";
import type { Changes } from "./domain/changes.ts";
import { ExpiryWatch } from "./domain/expiry-watch.ts";
import { Maintenance } from "./domain/maintenance.ts";
import type { WatchFeed } from "./domain/watch-feed.ts";
import type { Store } from "./store/store.ts";

/** What the control plane does without being called. */
export interface BackgroundParts {
  readonly store: Store;
  readonly changes: Changes;
  readonly feed: WatchFeed<ConfigFile>;
}

/** Starts all of it; `cleanups` stops it, before the database is closed. */
export function startBackground(
  parts: BackgroundParts,
  options: CompiledOptions,
  cleanups: AsyncDisposableStack,
): void {
  watchExpiry(parts, options, cleanups);
  pollChanges(parts, options, cleanups);
  maintain(parts, options, cleanups);
}

function watchExpiry(
  { store, changes }: BackgroundParts,
  { clock, logger }: CompiledOptions,
  cleanups: AsyncDisposableStack,
): void {
  const expiry = new ExpiryWatch(store.credentials, changes, clock, (err) =>
    logger.error({ err }, "looking for expired tokens failed"),
  );
  cleanups.defer(() => expiry.close());
}

function pollChanges(
  { store, changes }: BackgroundParts,
  { changePollMs, logger }: CompiledOptions,
  cleanups: AsyncDisposableStack,
): void {
  const poll = new ChangePoll(store.changes, changes, changePollMs, {
    failed: (err) => logger.error({ err }, "changes by other control planes cannot be read"),
    recovered: () => logger.info("changes by other control planes can be read again"),
  });
  cleanups.defer(() => poll.close());
  poll.start();
}

function maintain(
  { store, feed }: BackgroundParts,
  { clock, maintenanceMs, logger }: CompiledOptions,
  cleanups: AsyncDisposableStack,
): void {
  const maintenance = new Maintenance({
    store,
    rules: () => feed.snapshot,
    clock,
    intervalMs: maintenanceMs,
    observer: {
      failed: (err) => logger.error({ err }, "deleting old records failed; it is tried again"),
      orphansClosed: (count) => logger.warn({ count }, "interceptions never ended and were closed as failed"),
    },
  });
  cleanups.defer(() => maintenance.close());
}
