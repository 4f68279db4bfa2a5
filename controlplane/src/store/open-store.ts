import { dirname, resolve } from "node:path";
import { KyselyStore } from "./kysely-store.ts";
import { openSqlite } from "./sqlite.ts";
import { SqliteRecordStore } from "./sqlite-record-store.ts";
import type { Store } from "./store.ts";

const SQLITE_SCHEME = "sqlite:";

/** A database as the operator names it. */
export interface DatabaseAddress {
  /** SQLite file. */
  readonly file: string;
  /** Folder in which the control plane keeps its files. */
  readonly dataFolder: string;
}

/**
 * Reads `sqlite:<path of a file>`.
 * @throws SyntaxError saying what was expected
 */
export function databaseAddress(text: string): DatabaseAddress {
  const path = text.startsWith(SQLITE_SCHEME) ? text.slice(SQLITE_SCHEME.length) : "";
  if (path === "" || path.startsWith(":")) {
    // The text may hold a password: it is not repeated.
    throw new SyntaxError("expected a database of the form sqlite:PATH, such as sqlite:./data/aibridge.db");
  }
  const file = resolve(path);
  return { file, dataFolder: dirname(file) };
}

/** Opens the database; it may still need {@link Store.migrate}. @throws Error when it cannot be opened */
export function openStore(address: DatabaseAddress): Store {
  const connection = openSqlite(address.file);
  return new KyselyStore(connection.kysely, new SqliteRecordStore(connection));
}
