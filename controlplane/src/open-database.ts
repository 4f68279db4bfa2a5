import { setTimeout } from "node:timers/promises";
import type { CompiledOptions } from "./config/compile-options.ts";
import { StartError } from "./config/start-error.ts";
import { MysqlError } from "./store/database-error.ts";
import { openStore } from "./store/open-store.ts";
import type { Store } from "./store/store.ts";
import type { Readiness } from "./transport/readiness.ts";

/** Pauses between two attempts, in milliseconds: the first, then twice as long each time up to the longest. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * Opens the database and brings its tables up to date. Waits for a server that is away, and says so to probes and in the
 * log: where machines start in any order, the database may be the last.
 * @throws StartError for what waiting does not mend: a wrong password, an unknown database, a file that is none
 * @throws unknown the reason of `options.signal` when it aborts meanwhile
 */
export async function openDatabase(
  options: CompiledOptions,
  readiness: Readiness,
  cleanups: AsyncDisposableStack,
): Promise<Store> {
  const { database, signal, logger } = options;
  const failed = (error: unknown) =>
    new StartError(`--database: ${database.label} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  const store = attempt(() => openStore(database), failed);
  cleanups.defer(() => store.close());
  let told = "";
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      await store.migrate();
      return store;
    } catch (error) {
      if (!(error instanceof MysqlError && error.isAway)) throw failed(error);
      const problem = `waiting for the database: ${error.message}`;
      readiness.notReady(problem);
      if (problem !== told) logger.warn({ problem }, "the database is away; waiting for it");
      told = problem;
    }
    // An abort ends the pause; it is thrown with its own reason above.
    await setTimeout(pause, undefined, { ...(signal && { signal }) }).catch(() => undefined);
  }
}

function attempt<T>(action: () => T, failed: (error: unknown) => Error): T {
  try {
    return action();
  } catch (error) {
    throw failed(error);
  }
}
