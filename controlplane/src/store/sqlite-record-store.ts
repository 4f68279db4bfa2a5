import type { StatementSync } from "node:sqlite";
import type { RecordKind, ValidRecord } from "../domain/records.ts";
import { type Columns, columnNames, type SqlValue, toRow } from "./columns.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import type { SqliteConnection } from "./sqlite.ts";
import type { AddedRecords, RecordStore } from "./store.ts";

const ENDS = RECORD_TABLES.interception_ended.table;

/** Stores records by prepared statements: a query builder would cost more than the insert itself. */
export class SqliteRecordStore implements RecordStore {
  readonly #connection: SqliteConnection;
  readonly #statements = new Map<RecordKind, StatementSync>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  save(batch: readonly ValidRecord[]): Promise<AddedRecords> {
    // Kysely hands its one connection to one user at a time; going through it keeps this transaction out of others.
    return this.#connection.kysely.connection().execute(async () => this.#saveNow(batch));
  }

  #saveNow(batch: readonly ValidRecord[]): AddedRecords {
    const { database } = this.#connection;
    const added = new Map<RecordKind, number>();
    database.exec("begin immediate");
    try {
      for (const record of batch) {
        const { changes } = this.#statement(record.kind).run(...rowOf(record));
        added.set(record.kind, (added.get(record.kind) ?? 0) + Number(changes));
      }
      database.exec("commit");
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (database.isTransaction) {
        database.exec("rollback");
      }
      throw error;
    }
    return added;
  }

  #statement(kind: RecordKind): StatementSync {
    let statement = this.#statements.get(kind);
    if (statement === undefined) {
      statement = this.#connection.database.prepare(insertSql(kind));
      this.#statements.set(kind, statement);
    }
    return statement;
  }
}

function rowOf({ kind, value }: ValidRecord): SqlValue[] {
  return toRow(RECORD_TABLES[kind].columns as Columns<typeof value>, value);
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
