import { type RawBuilder, sql } from "kysely";

/** Where SQLite and MySQL need different words for the same thing. */
export interface DatabaseDialect {
  readonly name: "sqlite" | "mysql";
  /** The time by the database's clock, microseconds since 1970: the one clock that all control planes share. */
  readonly now: RawBuilder<bigint>;
  /** Ends an insert that leaves alone what is there already, by any unique key. @param column any column of the table */
  readonly unlessThere: (column: string) => RawBuilder<unknown>;
}

export const SQLITE: DatabaseDialect = {
  name: "sqlite",
  now: sql<bigint>`cast(unixepoch('subsec') * 1000000 as integer)`,
  unlessThere: () => sql`on conflict do nothing`,
};

export const MYSQL: DatabaseDialect = {
  name: "mysql",
  now: sql<bigint>`cast(unix_timestamp(now(6)) * 1000000 as signed)`,
  // `insert ignore` would also swallow values that do not fit.
  unlessThere: (column) => sql`on duplicate key update ${sql.ref(column)} = ${sql.ref(column)}`,
};
