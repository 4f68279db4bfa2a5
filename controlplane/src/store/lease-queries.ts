import { uuidToBytes } from "@aibridge/proto/channel";
import { type Kysely, sql } from "kysely";
import type { DatabaseDialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";
import type { LeaseStore } from "./store.ts";

const MAINTENANCE = "maintenance";
const WRITE_CHECK = "write-check";

/** Leases as rows that exist from the start: one conditional update takes one, and no two can win it. */
export class KyselyLeaseStore implements LeaseStore {
  readonly #db: Kysely<Schema>;
  readonly #dialect: DatabaseDialect;

  constructor(db: Kysely<Schema>, dialect: DatabaseDialect) {
    this.#db = db;
    this.#dialect = dialect;
  }

  async take(holder: string, ttl: bigint): Promise<boolean> {
    const { now } = this.#dialect;
    const { numUpdatedRows } = await this.#db
      .updateTable("aibridge_leases")
      .set({ holder: uuidToBytes(holder), expires_at: sql<bigint>`${now} + ${ttl}` })
      .where("name", "=", MAINTENANCE)
      .where((eb) => eb.or([eb("holder", "=", uuidToBytes(holder)), eb("expires_at", "<", now)]))
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  async release(holder: string): Promise<void> {
    await this.#db
      .updateTable("aibridge_leases")
      .set({ expires_at: 0n })
      .where("name", "=", MAINTENANCE)
      .where("holder", "=", uuidToBytes(holder))
      .execute();
  }

  /** Rejects when the database takes no writes: full, read-only, locked. */
  async checkWritable(): Promise<void> {
    await this.#db
      .updateTable("aibridge_leases")
      .set({ expires_at: this.#dialect.now })
      .where("name", "=", WRITE_CHECK)
      .execute();
  }
}
