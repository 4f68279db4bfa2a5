import { setTimeout } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { isDatabaseError } from "./database-error.ts";
import type { Schema } from "./schema.ts";

/** How long another process may hold the file, in milliseconds, and how often it is tried again meanwhile. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 50;

/** Does work in one transaction while nobody else writes: all of it or, when it fails, nothing stays. */
export function whileExclusive(
  db: Kysely<Schema>,
  work: (db: Kysely<Schema>) => Promise<void>,
): Promise<void> {
  return db.connection().execute(async (connection) => {
    await begin(connection);
    try {
      await work(connection);
      await sql`commit`.execute(connection);
    } catch (error) {
      // SQLite may have rolled back by itself; the first error is the one to tell.
      await sql`rollback`.execute(connection).catch(() => undefined);
      throw error;
    }
  });
}

/** SQLite's own waiting blocks the process, so it is kept short and repeated. */
async function begin(connection: Kysely<Schema>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await sql`begin exclusive`.execute(connection);
      return;
    } catch (error) {
      const locked = isDatabaseError(error) && error.message.includes("locked");
      if (!locked || performance.now() > deadline) {
        throw error;
      }
      await setTimeout(RETRY_MS);
    }
  }
}
