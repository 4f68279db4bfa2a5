import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";
import type { Kysely } from "kysely";
import type { InterceptionDetails, RecordKind, RecordKinds } from "../domain/records.ts";
import { type Columns, fromRow } from "./columns.ts";
import { matching } from "./interception-filter.ts";
import { type ChildTableName, RECORD_TABLES } from "./record-tables.ts";
import type { Schema } from "./schema.ts";
import type { UsageStore } from "./store.ts";
import { textSizes } from "./text-sizes.ts";

type Query<M extends keyof UsageStore> = Parameters<UsageStore[M]>[0];

/**
 * See {@link UsageStore.listInterceptions}. What is too much is never read: sizes come first, texts afterwards, in one
 * transaction so that nothing is deleted in between.
 */
export function listInterceptions(
  db: Kysely<Schema>,
  query: Query<"listInterceptions">,
): ReturnType<UsageStore["listInterceptions"]> {
  const { limit, withRecords, maxBytes } = query;
  return db.transaction().execute(async (transaction) => {
    const found = await findInterceptions(transaction, query);
    const ids = found.slice(0, limit).map(({ id }) => id);
    const chosen = await takeWhileFitting(transaction, ids, withRecords, maxBytes);
    const rows = await readInterceptions(transaction, chosen);
    return {
      rows: await withDetails(transaction, rows, withRecords),
      more: found.length > chosen.length,
    };
  });
}

/** Ids in order of the list, one more than asked for if there is one. */
function findInterceptions(db: Kysely<Schema>, { filter, after, limit }: Query<"listInterceptions">) {
  let query = db.selectFrom("aibridge_interceptions as i").select("i.id").where(matching(filter));
  if (after !== undefined) {
    // Says nothing new, but MySQL looks up a place in an index by a comparison of single columns only.
    query = query.where("i.started_at", "<=", after.startedAt);
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple("i.started_at", "i.id"), "<", tuple(after.startedAt, uuidToBytes(after.id))),
    );
  }
  return query
    .orderBy("i.started_at", "desc")
    .orderBy("i.id", "desc")
    .limit(limit + 1)
    .execute();
}

/** The first ids whose texts fit together; the first one fits always, or a list could stop for ever. */
async function takeWhileFitting(
  db: Kysely<Schema>,
  ids: readonly Uint8Array[],
  withRecords: boolean,
  maxBytes: number,
): Promise<readonly Uint8Array[]> {
  const sizes = await textSizes(db, ids, withRecords);
  let left = maxBytes;
  const end = ids.findIndex((id, index) => {
    left -= sizes.get(uuidFromBytes(id)) ?? 0;
    return left < 0 && index > 0;
  });
  return end === -1 ? ids : ids.slice(0, end);
}

async function readInterceptions(db: Kysely<Schema>, ids: readonly Uint8Array[]) {
  if (ids.length === 0) {
    return [];
  }
  return db
    .selectFrom("aibridge_interceptions as i")
    .selectAll()
    .where("i.id", "in", ids)
    .orderBy("i.started_at", "desc")
    .orderBy("i.id", "desc")
    .execute();
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
