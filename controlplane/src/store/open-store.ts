import { dirname, resolve } from "node:path";
import { MYSQL, SQLITE } from "./dialect.ts";
import { KyselyStore, type StoreParts } from "./kysely-store.ts";
import { openMysql } from "./mysql.ts";
import { type MysqlAddress, mysqlAddress } from "./mysql-address.ts";
import { MysqlRecordStore } from "./mysql-record-store.ts";
import { openSqlite } from "./sqlite.ts";
import { whileExclusive } from "./sqlite-exclusive.ts";
import { SqliteRecordStore } from "./sqlite-record-store.ts";
import type { Store } from "./store.ts";

const SQLITE_SCHEME = "sqlite:";
const MYSQL_SCHEME = "mysql:";
/** Where generated keys go when the database is no file. */
const DATA_FOLDER = "data";
/** Changing a large table takes as long as it takes, and so does waiting for another process that does. */
const MIGRATION_TIMEOUT_MS = 60 * 60 * 1000;

/** A database as the operator names it. */
export type DatabaseAddress = {
  /** How messages call it: without a password. */
  readonly label: string;
  /** Folder in which the control plane keeps its files. */
  readonly dataFolder: string;
} & (
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "mysql"; readonly server: MysqlAddress }
);

/**
 * Reads `sqlite:<path of a file>` or `mysql://user:password@host:3306/database`.
 * @throws SyntaxError saying what was expected, without repeating what was given: it may hold a password
 */
export function databaseAddress(text: string): DatabaseAddress {
  if (text.startsWith(MYSQL_SCHEME)) {
    const server = mysqlAddress(text);
    const label = `mysql://${server.host}:${server.port}/${server.database}`;
    return { kind: "mysql", server, label, dataFolder: resolve(DATA_FOLDER) };
  }
  const path = text.startsWith(SQLITE_SCHEME) ? text.slice(SQLITE_SCHEME.length) : "";
  if (path === "" || path.startsWith(":")) {
    throw new SyntaxError(
      "expected a database of the form sqlite:PATH, such as sqlite:./data/aibridge.db, or mysql://USER:PASSWORD@HOST:PORT/DATABASE",
    );
  }
  const file = resolve(path);
  return { kind: "sqlite", file, label: file, dataFolder: dirname(file) };
}

/** Opens the database; it may still need {@link Store.migrate}. @throws Error when it cannot be opened */
export function openStore(address: DatabaseAddress): Store {
  return new KyselyStore(address.kind === "sqlite" ? sqliteParts(address.file) : mysqlParts(address.server));
}

function sqliteParts(file: string): StoreParts {
  const connection = openSqlite(file);
  return {
    db: connection.kysely,
    dialect: SQLITE,
    records: new SqliteRecordStore(connection),
    whileMigrating: (migrate) => whileExclusive(connection.kysely, migrate),
  };
}

function mysqlParts(server: MysqlAddress): StoreParts {
  const { kysely, connections } = openMysql(server);
  return {
    db: kysely,
    dialect: MYSQL,
    records: new MysqlRecordStore(connections),
    // Kysely itself holds a lock of the server (GET_LOCK) while it migrates.
    whileMigrating: async (migrate) => {
      const patient = openMysql(server, { queryTimeoutMs: MIGRATION_TIMEOUT_MS });
      try {
        await migrate(patient.kysely);
      } finally {
        await patient.kysely.destroy();
      }
    },
  };
}
