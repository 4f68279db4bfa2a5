import { type ColumnDefinitionBuilder, type Kysely, sql } from "kysely";
import { createIndex, createTable } from "./create.ts";

// A migration is history: it spells every name out and never imports what may change later. Types are those that
// SQLite and MySQL both know; SQLite takes them as hints only, so the lengths bind nobody there. Text is never cut and
// never refused for its length: what a record may hold (2 MiB) fits into every column that is not part of an index.
const ID = sql`binary(16)`;
const DIGEST = sql`binary(32)`;
const MICROS = "bigint";
const INDEXED_TEXT = "varchar(255)";
const TEXT = sql`mediumtext`;
const LONG_TEXT = sql`longtext`;

const required = (column: ColumnDefinitionBuilder) => column.notNull();

/** The tables of records, credentials and changes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createInterceptions(db);
  await createInterceptionEnds(db);
  await createTokenUsages(db);
  await createUserPrompts(db);
  await createToolUsages(db);
  await createModelThoughts(db);
  await createCredentials(db);
  await createChanges(db);
}

async function createInterceptions(db: Kysely<unknown>): Promise<void> {
  await createTable(db, "aibridge_interceptions")
    .addColumn("id", ID, (column) => column.notNull().primaryKey())
    .addColumn("initiator_id", INDEXED_TEXT, required)
    .addColumn("api_key_id", TEXT, required)
    .addColumn("provider", TEXT, required)
    .addColumn("provider_name", TEXT, required)
    .addColumn("model", TEXT, required)
    .addColumn("route", TEXT, required)
    .addColumn("streaming", "integer", required)
    .addColumn("started_at", MICROS, required)
    .addColumn("client", TEXT, required)
    .addColumn("client_session_id", INDEXED_TEXT)
    .addColumn("user_agent", TEXT, required)
    .addColumn("correlating_tool_call_id", TEXT)
    .addColumn("credential_kind", TEXT, required)
    .addColumn("credential_hint", TEXT, required)
    .addColumn("gateway_id", TEXT, required)
    .addColumn("metadata", LONG_TEXT)
    .execute();
  await createIndex(db, "aibridge_interceptions", ["started_at", "id"]);
  await createIndex(db, "aibridge_interceptions", ["initiator_id", "started_at"]);
  await createIndex(db, "aibridge_interceptions", ["client_session_id", "started_at"]);
}

async function createInterceptionEnds(db: Kysely<unknown>): Promise<void> {
  await createTable(db, "aibridge_interception_ends")
    .addColumn("id", ID, required)
    .addColumn("interception_id", ID, (column) => column.notNull().primaryKey())
    .addColumn("ended_at", MICROS, required)
    .addColumn("outcome", TEXT, required)
    .addColumn("provisional", "integer", required)
    .addColumn("http_status", "integer", required)
    .addColumn("error_type", TEXT, required)
    .addColumn("error_message", LONG_TEXT, required)
    .addColumn("time_to_first_byte", MICROS)
    .addColumn("credential_hint", TEXT, required)
    .addColumn("upstream_turns", "integer", required)
    .execute();
}

async function createTokenUsages(db: Kysely<unknown>): Promise<void> {
  await childTable(db, "aibridge_token_usages")
    .addColumn("input_tokens", "bigint", required)
    .addColumn("output_tokens", "bigint", required)
    .addColumn("cache_read_input_tokens", "bigint", required)
    .addColumn("cache_write_input_tokens", "bigint", required)
    .addColumn("extra_token_types", LONG_TEXT, required)
    .addColumn("source", TEXT, required)
    .addColumn("service_tier", TEXT, required)
    .execute();
}

async function createUserPrompts(db: Kysely<unknown>): Promise<void> {
  await childTable(db, "aibridge_user_prompts").addColumn("prompt", LONG_TEXT, required).execute();
}

async function createToolUsages(db: Kysely<unknown>): Promise<void> {
  await childTable(db, "aibridge_tool_usages")
    .addColumn("tool_call_id", TEXT, required)
    .addColumn("tool", TEXT, required)
    .addColumn("server_url", TEXT)
    .addColumn("input", LONG_TEXT, required)
    .addColumn("injected", "integer", required)
    .addColumn("invocation_error", TEXT)
    .addColumn("duration", MICROS)
    .execute();
}

async function createModelThoughts(db: Kysely<unknown>): Promise<void> {
  await childTable(db, "aibridge_model_thoughts")
    .addColumn("content", LONG_TEXT, required)
    .addColumn("source", TEXT, required)
    .execute();
}

/** The key starts with the interception, so that its rows lie together and one retried record is one row. */
function childTable(db: Kysely<unknown>, table: string) {
  return createTable(db, table)
    .addColumn("interception_id", ID, required)
    .addColumn("id", ID, required)
    .addColumn("message_id", TEXT, required)
    .addColumn("created_at", MICROS, required)
    .addColumn("metadata", LONG_TEXT)
    .addPrimaryKeyConstraint(`${table}_pk`, ["interception_id", "id"]);
}

async function createCredentials(db: Kysely<unknown>): Promise<void> {
  await credentialTable(db, "aibridge_tokens")
    .addColumn("actor", INDEXED_TEXT, required)
    .addColumn("expires_at", MICROS)
    .execute();
  await createIndex(db, "aibridge_tokens", ["actor", "id"]);
  await createIndex(db, "aibridge_tokens", ["expires_at"]);
  await credentialTable(db, "aibridge_gateway_keys").execute();
}

function credentialTable(db: Kysely<unknown>, table: string) {
  return createTable(db, table)
    .addColumn("id", ID, (column) => column.notNull().primaryKey())
    .addColumn("secret_sha256", DIGEST, (column) => column.notNull().unique())
    .addColumn("name", TEXT, required)
    .addColumn("created_at", MICROS, required)
    .addColumn("revoked_at", MICROS);
}

async function createChanges(db: Kysely<unknown>): Promise<void> {
  await createTable(db, "aibridge_changes")
    .addColumn("id", ID, (column) => column.notNull().primaryKey())
    .addColumn("kind", TEXT, required)
    .addColumn("subject", ID, required)
    .addColumn("created_at", MICROS, required)
    .execute();
  await createIndex(db, "aibridge_changes", ["created_at", "id"]);
}
