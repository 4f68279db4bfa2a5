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

/**
 * Makes an index that is named after its table and columns.
 * @param prefixes on MySQL, how many characters of a column go in: of a text it takes a beginning only
 */
export async function createIndex(
  db: Kysely<unknown>,
  table: string,
  columns: string[],
  prefixes: Readonly<Record<string, number>> = {},
): Promise<void> {
  const parts = columns.map((column) => {
    const prefix = isMysql(db) ? prefixes[column] : undefined;
    return sql`${sql.id(column)}${sql.raw(prefix === undefined ? "" : `(${prefix})`)}`;
  });
  const name = sql.id(`${table}_${columns.join("_")}`);
  try {
    await sql`create index ${name} on ${sql.table(table)} (${sql.join(parts)})`.execute(db);
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== DUPLICATE_INDEX) {
      throw error;
    }
  }
}

export function isMysql(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof MysqlAdapter;
}
