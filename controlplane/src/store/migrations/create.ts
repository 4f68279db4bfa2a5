import { type Kysely, MysqlAdapter, sql } from "kysely";

/** ER_DUP_KEYNAME */
const DUPLICATE_INDEX = 1061;

// MySQL commits after each statement that changes the schema. A migration that was cut off runs again from its start, so
// whatever makes something must not mind that it is there already.

/** Starts a table. On MySQL it says itself what its texts hold and that they compare byte by byte, as on SQLite. */
export function createTable(db: Kysely<unknown>, table: string) {
  const builder = db.schema.createTable(table).ifNotExists();
  return isMysql(db)
    ? builder.modifyEnd(sql`engine = innodb character set utf8mb4 collate utf8mb4_bin`)
    : builder;
}

/** Makes an index that is named after its table and columns. */
export async function createIndex(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  try {
    await db.schema
      .createIndex(`${table}_${columns.join("_")}`)
      .on(table)
      .columns(columns)
      .execute();
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== DUPLICATE_INDEX) {
      throw error;
    }
  }
}

export function isMysql(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof MysqlAdapter;
}
