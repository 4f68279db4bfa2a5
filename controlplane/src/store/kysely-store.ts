import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { KyselyChangeStore } from "./change-queries.ts";
import { KyselyCredentialStore } from "./credential-queries.ts";
import { KyselyDeletionStore } from "./deletion-queries.ts";
import type { DatabaseDialect } from "./dialect.ts";
import { getInterception, listInterceptions } from "./interception-queries.ts";
import { KyselyLeaseStore } from "./lease-queries.ts";
import { findLastMessage } from "./message-queries.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import type { Schema } from "./schema.ts";
import { listSessions } from "./session-queries.ts";
import type { MessageStore, RecordStore, Store, UsageStore } from "./store.ts";
import { KyselyToolPinStore } from "./tool-pin-store.ts";
import { summarizeUsage } from "./usage-summary.ts";

/** A probe wants an answer, not the longest wait that a statement may have. */
const READY_TIMEOUT_MS = 2000;

/** What a dialect brings: an open database, and what only it can do. */
export interface StoreParts {
  readonly db: Kysely<Schema>;
  readonly dialect: DatabaseDialect;
  /** The ingest path. */
  readonly records: RecordStore;
  /** Hands `migrate` a database that no other process migrates meanwhile, for as long as it takes. */
  readonly whileMigrating: (migrate: (db: Kysely<Schema>) => Promise<void>) => Promise<void>;
}

/** A store in any database that Kysely speaks to. */
export class KyselyStore implements Store {
  readonly records: RecordStore;
  readonly usage: UsageStore;
  readonly messages: MessageStore;
  readonly credentials: KyselyCredentialStore;
  readonly changes: KyselyChangeStore;
  readonly leases: KyselyLeaseStore;
  readonly deletions: KyselyDeletionStore;
  readonly toolPins: KyselyToolPinStore;
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    const { db, dialect } = parts;
    this.#parts = parts;
    this.records = parts.records;
    this.changes = new KyselyChangeStore(db, dialect);
    this.credentials = new KyselyCredentialStore(db, this.changes);
    this.leases = new KyselyLeaseStore(db, dialect);
    this.deletions = new KyselyDeletionStore(db, dialect);
    this.toolPins = new KyselyToolPinStore(db, dialect, this.changes);
    this.messages = { findLast: (query) => findLastMessage(db, query) };
    this.usage = {
      listInterceptions: (query) => listInterceptions(db, query),
      getInterception: (id) => getInterception(db, id),
      listSessions: (query) => listSessions(db, query),
      summarizeUsage: (query) => summarizeUsage(db, query),
    };
  }

  async migrate(): Promise<void> {
    await this.#parts.whileMigrating(async (db) => {
      const { error } = await migratorOf(db).migrateToLatest();
      if (error !== undefined) {
        throw error;
      }
    });
  }

  async checkReady(): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const error = () => new Error(`the database has not answered within ${READY_TIMEOUT_MS} ms`);
    const timer = setTimeout(() => reject(error()), READY_TIMEOUT_MS);
    try {
      await Promise.race([this.#checkNow(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#parts.db.destroy();
  }

  async #checkNow(): Promise<void> {
    const migrations = await migratorOf(this.#parts.db).getMigrations();
    const missing = migrations.filter((migration) => migration.executedAt === undefined);
    if (missing.length > 0) {
      throw new Error(`the database lacks ${missing.map((migration) => migration.name).join(", ")}`);
    }
    await this.leases.checkWritable();
  }
}

function migratorOf(db: Kysely<Schema>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: "aibridge_schema_version",
    migrationLockTableName: "aibridge_schema_lock",
  });
}
