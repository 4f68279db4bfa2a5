import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { KyselyCredentialStore } from "./credential-queries.ts";
import { getInterception, listInterceptions } from "./interception-queries.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import type { Schema } from "./schema.ts";
import { listSessions } from "./session-queries.ts";
import type { CredentialStore, RecordStore, Store, UsageStore } from "./store.ts";
import { summarizeUsage } from "./usage-summary.ts";

/** A store in any database that Kysely speaks to; only the ingest path is its dialect's own. */
export class KyselyStore implements Store {
  readonly records: RecordStore;
  readonly usage: UsageStore;
  readonly credentials: CredentialStore;
  readonly #db: Kysely<Schema>;
  readonly #migrator: Migrator;

  constructor(db: Kysely<Schema>, records: RecordStore) {
    this.#db = db;
    this.records = records;
    this.credentials = new KyselyCredentialStore(db);
    this.usage = {
      listInterceptions: (query) => listInterceptions(db, query),
      getInterception: (id) => getInterception(db, id),
      listSessions: (query) => listSessions(db, query),
      summarizeUsage: (query) => summarizeUsage(db, query),
    };
    this.#migrator = new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
      migrationTableName: "aibridge_schema_version",
      migrationLockTableName: "aibridge_schema_lock",
    });
  }

  async migrate(): Promise<void> {
    const { error } = await this.#migrator.migrateToLatest();
    if (error !== undefined) {
      throw error;
    }
  }

  async checkReady(): Promise<void> {
    const migrations = await this.#migrator.getMigrations();
    const missing = migrations.filter((migration) => migration.executedAt === undefined);
    if (missing.length > 0) {
      throw new Error(`the database lacks ${missing.map((migration) => migration.name).join(", ")}`);
    }
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}
