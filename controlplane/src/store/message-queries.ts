import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";
import type { LastMessage, MessageQuery } from "./store.ts";

/** An id under which there are more answers than these tells nothing: some servers give all of theirs the same. */
const MAX_SAME_ID = 100;
/** Calls of one answer at most; models make a few. */
const MAX_CALLS = 128;
/** How the reason of a call begins that was left out of its turn: "not_run_mixed_turn". */
const NOT_RUN = "not_run_";

/** See {@link MessageStore.findLast}. */
export async function findLastMessage(
  db: Kysely<Schema>,
  query: MessageQuery,
): Promise<LastMessage | undefined> {
  const interceptionId = await findInterception(db, query);
  if (interceptionId === undefined) {
    return undefined;
  }
  const messageId = await lastAnswer(db, interceptionId);
  if (messageId === undefined || messageId === "") {
    return undefined;
  }
  return { messageId, pendingCallIds: await callsNotRun(db, interceptionId, messageId) };
}

/** The newest interception of the actor that has an answer with this id, and has ended. */
async function findInterception(
  db: Kysely<Schema>,
  { initiatorId, providerName, messageId }: MessageQuery,
): Promise<Uint8Array | undefined> {
  const answers = await db
    .selectFrom("aibridge_token_usages")
    .select(["interception_id", "message_id"])
    .where("message_id", "=", messageId)
    .limit(MAX_SAME_ID + 1)
    .execute();
  // MySQL takes texts for equal that differ in trailing blanks.
  const same = answers.filter((answer) => answer.message_id === messageId);
  if (same.length === 0 || answers.length > MAX_SAME_ID) {
    return undefined;
  }
  const ids = same.map((answer) => answer.interception_id);
  const row = await db
    .selectFrom("aibridge_interceptions as i")
    .innerJoin("aibridge_interception_ends as e", "e.interception_id", "i.id")
    .select("i.id")
    .where("i.id", "in", ids)
    .where("i.initiator_id", "=", initiatorId)
    .where("i.provider_name", "=", providerName)
    .orderBy("i.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

async function lastAnswer(db: Kysely<Schema>, interceptionId: Uint8Array): Promise<string | undefined> {
  const row = await db
    .selectFrom("aibridge_token_usages")
    .select("message_id")
    .where("interception_id", "=", interceptionId)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.message_id;
}

async function callsNotRun(
  db: Kysely<Schema>,
  interceptionId: Uint8Array,
  messageId: string,
): Promise<string[]> {
  const rows = await db
    .selectFrom("aibridge_tool_usages")
    .select("tool_call_id")
    .where("interception_id", "=", interceptionId)
    .where("message_id", "=", messageId)
    .where("injected", "=", 1)
    .where(sql`substr(invocation_error, 1, ${NOT_RUN.length})`, "=", NOT_RUN)
    .orderBy("created_at")
    .orderBy("id")
    .limit(MAX_CALLS)
    .execute();
  return rows.map(({ tool_call_id }) => tool_call_id);
}
