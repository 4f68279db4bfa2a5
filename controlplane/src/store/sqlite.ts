import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import type { Schema } from "./schema.ts";
import { SqlitePlace } from "./sqlite-place.ts";

/**
 * How long a statement waits for another process that holds the database, in milliseconds. Short, because `node:sqlite`
 * waits on the main thread: nothing else is served meanwhile.
 */
const BUSY_TIMEOUT_MS = 1000;

/** An open SQLite file, once for query builders and once for prepared statements. Both are the same connection. */
export interface SqliteConnection {
  readonly kysely: Kysely<Schema>;
  readonly database: DatabaseSync;
  /** To be checked after each commit. */
  readonly place: SqlitePlace;
}

/**
 * Opens a SQLite file, making it and its folder if need be; they hold prompts, so only their owner may read them.
 * @throws Error of the file system or of SQLite when that cannot be done
 */
export function openSqlite(file: string): SqliteConnection {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite would make the file readable for everyone; its companions (-wal, -shm) take over the mode of the file.
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { readBigInts: true, timeout: BUSY_TIMEOUT_MS });
  database.exec("pragma journal_mode = wal; pragma synchronous = full");
  const place = new SqlitePlace(file);
  const dialect = new SqliteDialect({ database: asKyselyDatabase(database, place) });
  return { kysely: new Kysely<Schema>({ dialect }), database, place };
}

/** Kysely asks of each statement whether it returns rows; `node:sqlite` knows by its result columns. */
function asKyselyDatabase(database: DatabaseSync, place: SqlitePlace): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => {
          const result = statement.run(...(parameters as SQLInputValue[]));
          place.check();
          return result;
        },
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}
