import type { Kysely } from "kysely";
import { createIndex } from "./create.ts";

/** As much of an id as tells it from others; MySQL indexes no more than a part of a text. */
const ID_PREFIX = 64;

/** Finds an interception by the id that the provider gave one of its answers. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createIndex(db, "aibridge_token_usages", ["message_id"], { message_id: ID_PREFIX });
}
