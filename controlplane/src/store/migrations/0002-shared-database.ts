import { type Kysely, sql } from "kysely";
import { createIndex, createTable, isMysql } from "./create.ts";

/** ER_DUP_FIELDNAME */
const DUPLICATE_COLUMN = 1060;
const LEASES = ["maintenance", "write-check"];

/** What several control planes on one database need: who made a change, leases, and what was deleted on request. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addOrigin(db);
  await createLeases(db);
  await createDeletedInterceptions(db);
}

async function addOrigin(db: Kysely<unknown>): Promise<void> {
  try {
    await db.schema.alterTable("aibridge_changes").addColumn("origin", sql`binary(16)`).execute();
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== DUPLICATE_COLUMN) {
      throw error;
    }
  }
}

/** All rows there will ever be: taking a lease is then one update, which no two can win. */
async function createLeases(db: Kysely<unknown>): Promise<void> {
  await createTable(db, "aibridge_leases")
    .addColumn("name", "varchar(64)", (column) => column.notNull().primaryKey())
    .addColumn("holder", sql`binary(16)`)
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  const insert = sql.raw(isMysql(db) ? "insert ignore" : "insert or ignore");
  for (const name of LEASES) {
    await sql`${insert} into aibridge_leases (name, expires_at) values (${name}, 0)`.execute(db);
  }
}

async function createDeletedInterceptions(db: Kysely<unknown>): Promise<void> {
  await createTable(db, "aibridge_deleted_interceptions")
    .addColumn("id", sql`binary(16)`, (column) => column.notNull().primaryKey())
    .addColumn("deleted_at", "bigint", (column) => column.notNull())
    .execute();
  await createIndex(db, "aibridge_deleted_interceptions", ["deleted_at"]);
}
