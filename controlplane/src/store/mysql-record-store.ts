import type { RecordKind, ValidRecord } from "../domain/records.ts";
import { type Columns, columnNames, rowMaker, type SqlValue } from "./columns.ts";
import { againAfterDeadlock } from "./deadlock.ts";
import type { MysqlConnections, MysqlSession } from "./mysql-connections.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import type { AddedRecords, RecordStore } from "./store.ts";

/** Rows of one statement. A few sizes only, because each is a statement that stays prepared on each connection. */
const ROWS_PER_STATEMENT = [64, 32, 16, 8, 4, 2, 1] as const;
/** Longer statements are split: a server refuses packets above max_allowed_packet, 16 MiB where it is small. */
const MAX_STATEMENT_UNITS = 1024 * 1024;

type Row = readonly SqlValue[];

const KINDS = Object.keys(RECORD_TABLES) as RecordKind[];

/** Columns of the primary keys. */
const CHILD_KEY = ["interception_id", "id"] as const;
const KEYS: Readonly<Record<RecordKind, readonly string[]>> = {
  interception: ["id"],
  interception_ended: ["interception_id"],
  token_usage: CHILD_KEY,
  prompt_usage: CHILD_KEY,
  tool_usage: CHILD_KEY,
  model_thought: CHILD_KEY,
};

const ROW_OF = Object.fromEntries(
  Object.entries(RECORD_TABLES).map(([kind, { columns }]) => [kind, rowMaker(columns as Columns<unknown>)]),
) as Record<RecordKind, (value: unknown) => SqlValue[]>;

/** Stores records in MySQL by prepared statements of several rows, one transaction a batch. */
export class MysqlRecordStore implements RecordStore {
  readonly #connections: MysqlConnections;

  constructor(connections: MysqlConnections) {
    this.#connections = connections;
  }

  async save(batch: readonly ValidRecord[]): Promise<AddedRecords> {
    const byKind = Map.groupBy(batch, ({ kind }) => kind);
    return againAfterDeadlock(() => this.#connections.hold((session) => saveOnce(session, byKind)));
  }
}

async function saveOnce(
  session: MysqlSession,
  byKind: ReadonlyMap<RecordKind, readonly ValidRecord[]>,
): Promise<AddedRecords> {
  const added = new Map<RecordKind, number>();
  await session.run("begin");
  try {
    // In the order of tables and keys, so that two transactions with the same records do not wait for each other in a ring.
    for (const kind of KINDS) {
      const rows = (byKind.get(kind) ?? []).map(({ value }) => ROW_OF[kind](value)).sort(byKey(kind));
      if (rows.length === 0) {
        continue;
      }
      const inserted = await insertRows(session, kind, rows);
      const replaced = kind === "interception_ended" && inserted < rows.length;
      added.set(kind, inserted + (replaced ? await replaceProvisional(session, rows) : 0));
    }
    await session.run("commit");
  } catch (error) {
    // A connection that is gone has rolled back by that; the first error is the one to tell.
    await session.run("rollback").catch(() => undefined);
    throw error;
  }
  return added;
}

/** Adds the rows that are not there yet. Returns how many were added. */
async function insertRows(session: MysqlSession, kind: RecordKind, rows: readonly Row[]): Promise<number> {
  let added = 0;
  for (let from = 0; from < rows.length; ) {
    const chunk = nextChunk(rows, from);
    added += await session.execute(insertSql(kind, chunk.length), chunk.flat());
    from += chunk.length;
  }
  return added;
}

/** As many rows as one statement takes: the largest size that fits into what is left and into a packet. */
function nextChunk(rows: readonly Row[], from: number): readonly Row[] {
  for (const size of ROWS_PER_STATEMENT) {
    const chunk = rows.slice(from, from + size);
    if (chunk.length === size && (size === 1 || unitsOf(chunk) <= MAX_STATEMENT_UNITS)) {
      return chunk;
    }
  }
  throw new RangeError("there are no rows left");
}

function unitsOf(rows: readonly Row[]): number {
  let units = 0;
  for (const row of rows) {
    for (const value of row) {
      units += typeof value === "string" ? value.length : 0;
    }
  }
  return units;
}

/** Puts real ends in the place of provisional ones. Returns how many were replaced. */
async function replaceProvisional(session: MysqlSession, rows: readonly Row[]): Promise<number> {
  const names = columnNames(columnsOf("interception_ended"));
  const provisional = names.indexOf("provisional");
  const interceptionId = names.indexOf("interception_id");
  const assignments = names.map((name) => `${name} = ?`).join(", ");
  const sql = `update ${RECORD_TABLES.interception_ended.table} set ${assignments} where interception_id = ? and provisional = 1`;
  let replaced = 0;
  for (const row of rows) {
    if (row[provisional] === 0) {
      replaced += await session.execute(sql, [...row, row[interceptionId] ?? null]);
    }
  }
  return replaced;
}

/** `insert ignore` would also swallow values that do not fit; this leaves alone only what is there already. */
function insertSql(kind: RecordKind, rows: number): string {
  const names = columnNames(columnsOf(kind));
  const marks = `(${names.map(() => "?").join(", ")})`;
  const values = Array.from({ length: rows }, () => marks).join(", ");
  return `insert into ${RECORD_TABLES[kind].table} (${names.join(", ")}) values ${values} on duplicate key update id = id`;
}

/** By the columns of the primary key. Rows with the same key stay in the order they came: the first one counts. */
function byKey(kind: RecordKind): (a: Row, b: Row) => number {
  const names = columnNames(columnsOf(kind));
  const key = KEYS[kind].map((name) => names.indexOf(name));
  return (a, b) => {
    for (const column of key) {
      const order = Buffer.compare(a[column] as Buffer, b[column] as Buffer);
      if (order !== 0) {
        return order;
      }
    }
    return 0;
  };
}

function columnsOf(kind: RecordKind): Columns<unknown> {
  return RECORD_TABLES[kind].columns as Columns<unknown>;
}
