import type { Kysely } from "kysely";
import { int64 } from "./columns.ts";
import { matching } from "./interception-filter.ts";
import type { Schema } from "./schema.ts";
import type { SessionUsage, UsageStore } from "./store.ts";

/** See {@link UsageStore.listSessions}. */
export async function listSessions(
  db: Kysely<Schema>,
  { filter, after, limit }: Parameters<UsageStore["listSessions"]>[0],
): Promise<SessionUsage[]> {
  let query = db.selectFrom(sessions(db, filter).as("s")).selectAll();
  if (after !== undefined) {
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple("s.last_started_at", "s.client_session_id", "s.client", "s.initiator_id"),
        "<",
        tuple(after.lastStartedAt, after.clientSessionId, after.client, after.initiatorId),
      ),
    );
  }
  const rows = await query
    .orderBy("s.last_started_at", "desc")
    .orderBy("s.client_session_id", "desc")
    .orderBy("s.client", "desc")
    .orderBy("s.initiator_id", "desc")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    clientSessionId: row.client_session_id,
    client: row.client,
    initiatorId: row.initiator_id,
    firstStartedAt: int64.fromSql(row.first_started_at),
    lastStartedAt: int64.fromSql(row.last_started_at),
    interceptions: int64.fromSql(row.interceptions),
  }));
}

function sessions(db: Kysely<Schema>, filter: Parameters<typeof matching>[0]) {
  return db
    .selectFrom("aibridge_interceptions as i")
    .select(({ fn }) => [
      "i.client",
      "i.initiator_id",
      fn.min("i.started_at").as("first_started_at"),
      fn.max("i.started_at").as("last_started_at"),
      fn.countAll<bigint>().as("interceptions"),
    ])
    .select("i.client_session_id")
    .$narrowType<{ client_session_id: string }>()
    .where("i.client_session_id", "is not", null)
    .where(matching(filter))
    .groupBy(["i.client_session_id", "i.client", "i.initiator_id"]);
}
