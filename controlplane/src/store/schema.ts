import type { RecordTableName } from "./record-tables.ts";

/** Columns that queries name; the rest of a record is read whole through its columns. */
interface InterceptionRow {
  id: Uint8Array;
  initiator_id: string;
  provider_name: string;
  model: string;
  client: string;
  client_session_id: string | null;
  started_at: bigint;
}

interface InterceptionEndRow {
  id: Uint8Array;
  interception_id: Uint8Array;
}

interface ChildRow {
  id: Uint8Array;
  interception_id: Uint8Array;
  created_at: bigint;
}

interface TokenUsageRow extends ChildRow {
  input_tokens: bigint;
  output_tokens: bigint;
  cache_read_input_tokens: bigint;
  cache_write_input_tokens: bigint;
}

/** A secret that was handed out; only its SHA-256 is kept. */
interface CredentialRow {
  id: Uint8Array;
  secret_sha256: Uint8Array;
  created_at: bigint;
  revoked_at: bigint | null;
}

export interface TokenRow extends CredentialRow {
  actor: string;
  name: string;
  expires_at: bigint | null;
}

export interface GatewayKeyRow extends CredentialRow {
  name: string;
}

/** What connected data planes must be told; read by other control planes on the same database. */
interface ChangeRow {
  id: Uint8Array;
  /** "token_revoked", "token_expired" or "gateway_key_revoked". */
  kind: string;
  /** Id of the token or the gateway key. */
  subject: Uint8Array;
  /** By the database's clock. */
  created_at: bigint;
  /** Process that made it. */
  origin: Uint8Array | null;
}

/** What one control plane does for all of them. */
interface LeaseRow {
  name: string;
  holder: Uint8Array | null;
  /** By the database's clock. */
  expires_at: bigint;
}

/** An interception that was deleted on request, so that its records that are still under way go too. */
interface DeletedInterceptionRow {
  id: Uint8Array;
  /** By the database's clock. */
  deleted_at: bigint;
}

interface RecordRows extends Record<RecordTableName, object> {
  aibridge_interceptions: InterceptionRow;
  aibridge_interception_ends: InterceptionEndRow;
  aibridge_token_usages: TokenUsageRow;
  aibridge_user_prompts: ChildRow;
  aibridge_tool_usages: ChildRow;
  aibridge_model_thoughts: ChildRow;
}

/** All tables, for Kysely. */
export interface Schema extends RecordRows {
  aibridge_tokens: TokenRow;
  aibridge_gateway_keys: GatewayKeyRow;
  aibridge_changes: ChangeRow;
  aibridge_leases: LeaseRow;
  aibridge_deleted_interceptions: DeletedInterceptionRow;
}
