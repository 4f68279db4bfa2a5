import { type Kysely, sql } from "kysely";
import { isMysql } from "./create.ts";

/** Tables whose texts are compared: names of actors, sessions, models, clients. */
const TABLES = ["aibridge_interceptions", "aibridge_tokens"];

/** Collations that compare byte by byte to the last one: of MySQL 8, TiDB and newer MariaDB, and of MariaDB. */
const NO_PAD = ["utf8mb4_0900_bin", "utf8mb4_nopad_bin"];

/**
 * Makes "alice" and "alice " two actors on MySQL too: utf8mb4_bin takes texts for equal that differ in trailing blanks.
 * A server that has no such collation keeps what it has.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await compareTrailingBlanks(db, TABLES);
}

/** Gives all texts of these tables a collation that minds trailing blanks, where the server has one. */
export async function compareTrailingBlanks(db: Kysely<unknown>, tables: readonly string[]): Promise<void> {
  if (!isMysql(db)) {
    return;
  }
  const collation = await noPadCollation(db);
  if (collation === undefined) {
    return;
  }
  for (const table of tables) {
    await sql`alter table ${sql.table(table)} convert to character set utf8mb4 collate ${sql.raw(collation)}`.execute(
      db,
    );
  }
}

async function noPadCollation(db: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`
    select collation_name as name from information_schema.collations
    where collation_name in (${sql.join(NO_PAD)})`.execute(db);
  return NO_PAD.find((collation) => rows.some(({ name }) => name === collation));
}
