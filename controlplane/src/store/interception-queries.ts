import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";
import type { Kysely } from "kysely";
import type { InterceptionDetails, RecordKind, RecordKinds } from "../domain/records.ts";
import { type Columns, fromRow } from "./columns.ts";
import { matching } from "./interception-filter.ts";
import { type ChildTableName, RECORD_TABLES } from "./record-tables.ts";
import type { Schema } from "./schema.ts";
import type { UsageStore } from "./store.ts";

type Query<M extends keyof UsageStore> = Parameters<UsageStore[M]>[0];

/** See {@link UsageStore.listInterceptions}. */
export async function listInterceptions(
  db: Kysely<Schema>,
  { filter, after, limit, withRecords }: Query<"listInterceptions">,
): Promise<InterceptionDetails[]> {
  let query = db.selectFrom("aibridge_interceptions as i").selectAll().where(matching(filter));
  if (after !== undefined) {
    // Says nothing new, but MySQL looks up a place in an index by a comparison of single columns only.
    query = query.where("i.started_at", "<=", after.startedAt);
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple("i.started_at", "i.id"), "<", tuple(after.startedAt, uuidToBytes(after.id))),
    );
  }
  const rows = await query.orderBy("i.started_at", "desc").orderBy("i.id", "desc").limit(limit).execute();
  return withDetails(db, rows, withRecords);
}

/** See {@link UsageStore.getInterception}. */
export async function getInterception(
  db: Kysely<Schema>,
  id: string,
): Promise<InterceptionDetails | undefined> {
  const rows = await db
    .selectFrom("aibridge_interceptions as i")
    .selectAll()
    .where("i.id", "=", uuidToBytes(id))
    .execute();
  const [details] = await withDetails(db, rows, true);
  return details;
}

async function withDetails(
  db: Kysely<Schema>,
  rows: readonly { id: Uint8Array }[],
  withRecords: boolean,
): Promise<InterceptionDetails[]> {
  const ids = rows.map((row) => row.id);
  const recordIds = withRecords ? ids : [];
  const ends = await readEnds(db, ids);
  const tokenUsages = await readChildren(db, "token_usage", recordIds);
  const userPrompts = await readChildren(db, "prompt_usage", recordIds);
  const toolUsages = await readChildren(db, "tool_usage", recordIds);
  const modelThoughts = await readChildren(db, "model_thought", recordIds);
  return rows.map((row) => {
    const id = uuidFromBytes(row.id);
    return {
      interception: fromRow(RECORD_TABLES.interception.columns, row),
      ended: ends.get(id) ?? null,
      tokenUsages: tokenUsages.get(id) ?? [],
      userPrompts: userPrompts.get(id) ?? [],
      toolUsages: toolUsages.get(id) ?? [],
      modelThoughts: modelThoughts.get(id) ?? [],
    };
  });
}

async function readEnds(db: Kysely<Schema>, ids: readonly Uint8Array[]) {
  if (ids.length === 0) {
    return new Map<string, RecordKinds["interception_ended"]>();
  }
  const rows = await db
    .selectFrom("aibridge_interception_ends")
    .selectAll()
    .where("interception_id", "in", ids)
    .execute();
  const ends = rows.map((row) => fromRow(RECORD_TABLES.interception_ended.columns, row));
  return new Map(ends.map((end) => [end.interceptionId, end]));
}

type ChildKind = Exclude<RecordKind, "interception" | "interception_ended">;

/** Rows of one child table by interception, each list oldest first. */
async function readChildren<K extends ChildKind>(
  db: Kysely<Schema>,
  kind: K,
  ids: readonly Uint8Array[],
): Promise<Map<string, RecordKinds[K][]>> {
  if (ids.length === 0) {
    return new Map();
  }
  const table: ChildTableName = RECORD_TABLES[kind].table;
  const columns = RECORD_TABLES[kind].columns as unknown as Columns<RecordKinds[K]>;
  const rows = await db
    .selectFrom(table)
    .selectAll()
    .where("interception_id", "in", ids)
    .orderBy("created_at")
    .orderBy("id")
    .execute();
  return Map.groupBy(
    rows.map((row) => fromRow(columns, row)),
    (record) => record.interceptionId,
  );
}
