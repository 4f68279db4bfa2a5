import { closeSync, openSync, readFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { BatchRecorder, RecordBody } from "@aibridge/sdk/recorder";
import { type Column, type Row, rowOf, type TableName } from "./record-rows.ts";

const tables = readFileSync(new URL("tables.sql", import.meta.url), "utf8");

/** For how long to wait for another process that writes, in milliseconds. */
const busyTimeoutMs = 5000;

/**
 * Keeps records in a SQLite file. What is stored is durable: each transaction is synced to the disk before the records in
 * it are acknowledged.
 */
export class RecordStore implements BatchRecorder, Disposable {
  readonly #database: DatabaseSync;
  readonly #inserts = new Map<TableName, StatementSync>();

  /** @param file path of the database; it is made if it is not there, for its owner alone: prompts are in it */
  constructor(file: string) {
    closeSync(openSync(file, "a", 0o600));
    this.#database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    this.#database.exec("pragma journal_mode = wal; pragma synchronous = full");
    this.#database.exec(tables);
  }

  recordBatch(records: readonly RecordBody[]): void {
    this.#database.exec("begin immediate");
    try {
      for (const record of records) {
        this.#insert(rowOf(record));
      }
      this.#database.exec("commit");
    } catch (error) {
      // After some failures, a full disk for one, SQLite has rolled back already.
      if (this.#database.isTransaction) this.#database.exec("rollback");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #insert({ table, columns }: Row): void {
    let insert = this.#inserts.get(table);
    if (insert === undefined) {
      insert = this.#database.prepare(insertInto(table, Object.keys(columns)));
      this.#inserts.set(table, insert);
    }
    insert.run(...(Object.values(columns) as Column[]));
  }
}

/** A record that is there already stays as it is; only a provisional end gives way, to a real one. */
function insertInto(table: TableName, columns: readonly string[]): string {
  const insert = `insert into ${table} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`;
  if (table !== "interception_ends") return `${insert} on conflict do nothing`;
  const changes = columns.map((column) => `${column} = excluded.${column}`).join(", ");
  return `${insert} on conflict (interception_id) do update set ${changes} where provisional and not excluded.provisional`;
}
