import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RecordKind, ValidRecord } from "../domain/records.ts";
import { type Columns, columnNames, rowMaker, type SqlValue } from "./columns.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import type { SqliteConnection } from "./sqlite.ts";
import type { AddedRecords, RecordStore } from "./store.ts";

const ENDS = RECORD_TABLES.interception_ended.table;

/** Stores records by prepared statements: a query builder would cost more than the insert itself. */
export class SqliteRecordStore implements RecordStore {
  readonly #connection: SqliteConnection;
  readonly #tables = new Map<RecordKind, Table>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  save(batch: readonly ValidRecord[]): Promise<AddedRecords> {
    // Kysely hands its one connection to one user at a time; going through it keeps this transaction out of others.
    return this.#connection.kysely.connection().execute(async () => this.#saveNow(batch));
  }

  #saveNow(batch: readonly ValidRecord[]): AddedRecords {
    const { database, place } = this.#connection;
    const added = new Map<RecordKind, number>();
    database.exec("begin immediate");
    try {
      for (const { kind, value } of batch) {
        const changes = this.#table(kind).add(value);
        added.set(kind, (added.get(kind) ?? 0) + changes);
      }
      database.exec("commit");
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (database.isTransaction) {
        database.exec("rollback");
      }
      throw error;
    }
    place.check();
    return added;
  }

  #table(kind: RecordKind): Table {
    let table = this.#tables.get(kind);
    if (table === undefined) {
      table = new Table(this.#connection.database, kind);
      this.#tables.set(kind, table);
    }
    return table;
  }
}

/** One table with its statement, which is prepared when the first record comes: the table must be there by then. */
class Table {
  readonly #rowOf: (value: unknown) => SqlValue[];
  readonly #statement: StatementSync;

  constructor(database: DatabaseSync, kind: RecordKind) {
    this.#rowOf = rowMaker(RECORD_TABLES[kind].columns as Columns<unknown>);
    this.#statement = database.prepare(insertSql(kind));
  }

  /** @returns how many rows that changed, 0 or 1 */
  add(value: unknown): number {
    return Number(this.#statement.run(...this.#rowOf(value)).changes);
  }
}

function insertSql(kind: RecordKind): string {
  const { table, columns } = RECORD_TABLES[kind];
  const names = columnNames(columns as Columns<unknown>);
  const marks = names.map(() => "?");
  const onConflict = kind === "interception_ended" ? replaceProvisional(names) : "do nothing";
  return `insert into ${table} (${names.join(", ")}) values (${marks.join(", ")}) on conflict ${onConflict}`;
}

function replaceProvisional(names: readonly string[]): string {
  const assignments = names.map((name) => `${name} = excluded.${name}`);
  return `(interception_id) do update set ${assignments.join(", ")} where ${ENDS}.provisional = 1 and excluded.provisional = 0`;
}
