import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";
import { type Kysely, sql } from "kysely";
import { int64 } from "./columns.ts";
import type { DatabaseDialect } from "./dialect.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import type { Schema } from "./schema.ts";
import type { DeletionStore, OpenInterceptions } from "./store.ts";

/** Starts first: without them the rest is in no list and no sum any more, even if the deletion stops half way. */
const TABLES = Object.values(RECORD_TABLES).map(({ table }) => ({
  table,
  key: table === "aibridge_interceptions" ? ("id" as const) : ("interception_id" as const),
}));

type KeyedTable = (typeof TABLES)[number];

/** Finds and deletes what is old, open or unwanted, a bounded number of rows at a time. */
export class KyselyDeletionStore implements DeletionStore {
  readonly #db: Kysely<Schema>;
  readonly #dialect: DatabaseDialect;

  constructor(db: Kysely<Schema>, dialect: DatabaseDialect) {
    this.#db = db;
    this.#dialect = dialect;
  }

  async deleteBefore(id: string, limit: number): Promise<boolean> {
    let more = false;
    for (const keyed of TABLES) {
      more = (await this.#deleteRange(keyed, uuidToBytes(id), limit)) || more;
    }
    await this.#db.deleteFrom("aibridge_deleted_interceptions").where("id", "<", uuidToBytes(id)).execute();
    return more;
  }

  async findOpen({
    from,
    before,
    limit,
  }: Parameters<DeletionStore["findOpen"]>[0]): Promise<OpenInterceptions> {
    const next = await this.#db
      .selectFrom("aibridge_interceptions")
      .select("id")
      .where("id", ">=", uuidToBytes(from))
      .where("id", "<", uuidToBytes(before))
      .orderBy("id")
      .limit(1)
      .offset(limit)
      .executeTakeFirst();
    const rows = await this.#db
      .selectFrom("aibridge_interceptions as i")
      .leftJoin("aibridge_interception_ends as e", "e.interception_id", "i.id")
      .select(["i.id", "i.started_at"])
      .where("i.id", ">=", uuidToBytes(from))
      .where("i.id", "<", next?.id ?? uuidToBytes(before))
      .where("e.interception_id", "is", null)
      .orderBy("i.id")
      .execute();
    return {
      open: rows.map((row) => ({ id: uuidFromBytes(row.id), startedAt: int64.fromSql(row.started_at) })),
      next: next && uuidFromBytes(next.id),
    };
  }

  deleteOfActor({
    actor,
    startedBefore,
    limit,
  }: Parameters<DeletionStore["deleteOfActor"]>[0]): Promise<number> {
    return this.#db.transaction().execute(async (transaction) => {
      const rows = await transaction
        .selectFrom("aibridge_interceptions")
        .select("id")
        .where("initiator_id", "=", actor)
        .where("started_at", "<", startedBefore)
        .orderBy("started_at")
        .limit(limit)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) {
        await this.#rememberDeleted(transaction, ids);
        await deleteKeys(transaction, ids);
      }
      return ids.length;
    });
  }

  async deleteLate({
    maxAge,
    after,
    limit,
  }: Parameters<DeletionStore["deleteLate"]>[0]): Promise<string | undefined> {
    let query = this.#db
      .selectFrom("aibridge_deleted_interceptions")
      .select("id")
      .where("deleted_at", ">=", sql<bigint>`${this.#dialect.now} - ${maxAge}`);
    if (after !== undefined) {
      query = query.where("id", ">", uuidToBytes(after));
    }
    const rows = await query.orderBy("id").limit(limit).execute();
    const ids = rows.map(({ id }) => id);
    const last = ids.at(-1);
    if (last === undefined) {
      return undefined;
    }
    await deleteKeys(this.#db, ids);
    return uuidFromBytes(last);
  }

  /** Deletes `limit` of the oldest rows before an id, and all others of the last one's key. True if there may be more. */
  async #deleteRange({ table, key }: KeyedTable, before: Uint8Array, limit: number): Promise<boolean> {
    const keyColumn = sql.ref<Uint8Array>(key);
    const last = await this.#db
      .selectFrom(sql<{ row_key: Uint8Array }>`${sql.table(table)}`.as("t"))
      .select(keyColumn.as("row_key"))
      .where(keyColumn, "<", before)
      .orderBy(keyColumn)
      .limit(1)
      .offset(limit - 1)
      .executeTakeFirst();
    const range = last === undefined ? sql`< ${before}` : sql`<= ${last.row_key}`;
    await sql`delete from ${sql.table(table)} where ${keyColumn} ${range}`.execute(this.#db);
    return last !== undefined;
  }

  async #rememberDeleted(db: Kysely<Schema>, ids: readonly Uint8Array[]): Promise<void> {
    // One that was deleted before may have come back with a repeated delivery.
    await db.deleteFrom("aibridge_deleted_interceptions").where("id", "in", ids).execute();
    const rows = ids.map((id) => ({ id, deleted_at: this.#dialect.now }));
    await db.insertInto("aibridge_deleted_interceptions").values(rows).execute();
  }
}

async function deleteKeys(db: Kysely<Schema>, ids: readonly Uint8Array[]): Promise<void> {
  for (const { table, key } of TABLES) {
    await sql`delete from ${sql.table(table)} where ${sql.ref(key)} in (${sql.join([...ids])})`.execute(db);
  }
}
