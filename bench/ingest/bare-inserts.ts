import { existsSync, rmSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { createConnection } from "mysql2/promise";

/** Tables of records; the names are public. */
const TABLES = [
  "aibridge_interceptions",
  "aibridge_interception_ends",
  "aibridge_token_usages",
  "aibridge_user_prompts",
  "aibridge_tool_usages",
  "aibridge_model_thoughts",
] as const;

/** Rows of one transaction, as many as the largest batch of the protocol. */
const ROWS_PER_TRANSACTION = 256;
/** Rows of one statement on MySQL, where each statement is a round trip. */
const ROWS_PER_STATEMENT = 64;

/** What stands against the control plane: rows that are ready, put into the same tables with nothing around it. */
export interface BareInserts extends AsyncDisposable {
  /** How many rows there are. */
  readonly rows: number;
  /** Inserts all of them into empty tables. @returns CPU microseconds and milliseconds it took this process */
  run(): Promise<{ cpuMicros: number; millis: number }>;
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Inserts by `node:sqlite` of the rows that a control plane's file holds, into a new file beside it. */
export function bareSqlite(file: string): BareInserts {
  const source = new DatabaseSync(file, { readOnly: true, readBigInts: true });
  const schema = source
    .prepare("select sql from sqlite_master where sql is not null and name like 'aibridge%'")
    .all();
  const tables = TABLES.map((name) =>
    tableOf(name, source.prepare(`select * from ${name}`).all() as Record<string, unknown>[]),
  );
  source.close();
  const copy = `${file}.bare`;
  return {
    rows: countRows(tables),
    async run() {
      removeDatabase(copy);
      const database = new DatabaseSync(copy);
      database.exec("pragma journal_mode = wal; pragma synchronous = full");
      for (const { sql } of schema) database.exec(String(sql));
      const spent = await measured(async () => insertSqlite(database, tables));
      database.close();
      return spent;
    },
    async [Symbol.asyncDispose]() {
      removeDatabase(copy);
    },
  };
}

function insertSqlite(database: DatabaseSync, tables: readonly Table[]): void {
  for (const { name, columns, rows } of tables) {
    const statement = database.prepare(
      `insert into ${name} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")})`,
    );
    for (let from = 0; from < rows.length; from += ROWS_PER_TRANSACTION) {
      database.exec("begin");
      for (const row of rows.slice(from, from + ROWS_PER_TRANSACTION)) {
        statement.run(...(row as SQLInputValue[]));
      }
      database.exec("commit");
    }
  }
}

/** Prepared inserts of several rows by `mysql2`, of what a control plane's database holds, into a new one. */
export async function bareMysql(url: string): Promise<BareInserts> {
  const connection = await createConnection({ uri: url, supportBigNumbers: true, bigNumberStrings: true });
  const own = new URL(url).pathname.slice(1);
  const copy = `${own}_bare`;
  const tables: Table[] = [];
  await connection.query(`create database ${copy}`);
  for (const name of TABLES) {
    const [rows] = await connection.query(`select * from ${name}`);
    tables.push(tableOf(name, rows as Record<string, unknown>[]));
    await connection.query(`create table ${copy}.${name} like ${own}.${name}`);
  }
  return {
    rows: countRows(tables),
    async run() {
      for (const { name } of tables) await connection.query(`truncate table ${copy}.${name}`);
      return measured(() => insertMysql(connection, copy, tables));
    },
    async [Symbol.asyncDispose]() {
      connection.destroy();
    },
  };
}

async function insertMysql(
  connection: Awaited<ReturnType<typeof createConnection>>,
  database: string,
  tables: readonly Table[],
): Promise<void> {
  for (const { name, columns, rows } of tables) {
    const row = `(${columns.map(() => "?").join(", ")})`;
    for (let from = 0; from < rows.length; from += ROWS_PER_TRANSACTION) {
      await connection.query("begin");
      const end = Math.min(rows.length, from + ROWS_PER_TRANSACTION);
      for (let first = from; first < end; first += ROWS_PER_STATEMENT) {
        const chunk = rows.slice(first, Math.min(end, first + ROWS_PER_STATEMENT));
        const sql = `insert into ${database}.${name} (${columns.join(", ")}) values ${chunk.map(() => row).join(", ")}`;
        await connection.execute(sql, chunk.flat() as string[]);
      }
      await connection.query("commit");
    }
  }
}

function tableOf(name: string, rows: readonly Record<string, unknown>[]): Table {
  return { name, columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row)) };
}

function countRows(tables: readonly Table[]): number {
  return tables.reduce((sum, { rows }) => sum + rows.length, 0);
}

async function measured(work: () => Promise<void>): Promise<{ cpuMicros: number; millis: number }> {
  const before = process.cpuUsage();
  const began = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpuMicros: user + system, millis: performance.now() - began };
}

function removeDatabase(file: string): void {
  for (const name of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(name)) rmSync(name);
}
