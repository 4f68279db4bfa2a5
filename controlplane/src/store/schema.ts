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
  message_id: string;
  input_tokens: bigint;
  output_tokens: bigint;
  cache_read_input_tokens: bigint;
  cache_write_input_tokens: bigint;
}

interface ToolUsageRow extends ChildRow {
  message_id: string;
  tool_call_id: string;
  /** 1 for a call of a central tool. */
  injected: number;
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
  /** "token_revoked", "token_expired", "gateway_key_revoked" or "tools_approved". */
  kind: string;
  /** Id of the token or the gateway key; for tools an id that names nothing. */
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

/** One definition of an MCP tool. */
export interface ToolPinRow {
  /** SHA-256 of server, URL and tool: what no collation and no length can blur. */
  tool_key: Uint8Array;
  sha256: Uint8Array;
  /** 1 for the definition that made the tool known; null for every other one. */
  is_first: number | null;
  /** SHA-256 of server and URL. */
  server_key: Uint8Array;
  server_name: string;
  server_url: string;
  tool: string;
  definition: string;
  /** By the database's clock. */
  first_seen_at: bigint;
  /** By the database's clock. Null: it waits. */
  approved_at: bigint | null;
}

interface RecordRows extends Record<RecordTableName, object> {
  aibridge_interceptions: InterceptionRow;
  aibridge_interception_ends: InterceptionEndRow;
  aibridge_token_usages: TokenUsageRow;
  aibridge_user_prompts: ChildRow;
  aibridge_tool_usages: ToolUsageRow;
  aibridge_model_thoughts: ChildRow;
}

/** All tables, for Kysely. */
export interface Schema extends RecordRows {
  aibridge_tokens: TokenRow;
  aibridge_gateway_keys: GatewayKeyRow;
  aibridge_changes: ChangeRow;
  aibridge_leases: LeaseRow;
  aibridge_deleted_interceptions: DeletedInterceptionRow;
  aibridge_tool_pins: ToolPinRow;
}
