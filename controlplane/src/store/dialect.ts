import { type RawBuilder, sql } from "kysely";

/** Where SQLite and MySQL need different words for the same thing. */
export interface DatabaseDialect {
  readonly name: "sqlite" | "mysql";
  /** The time by the database's clock, microseconds since 1970: the one clock that all control planes share. */
  readonly now: RawBuilder<bigint>;
}

export const SQLITE: DatabaseDialect = {
  name: "sqlite",
  now: sql<bigint>`cast(unixepoch('subsec') * 1000000 as integer)`,
};

export const MYSQL: DatabaseDialect = {
  name: "mysql",
  now: sql<bigint>`cast(unix_timestamp(now(6)) * 1000000 as signed)`,
};
