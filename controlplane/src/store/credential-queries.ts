import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";
import type { Kysely } from "kysely";
import type { KyselyChangeStore } from "./change-queries.ts";
import { int64, optionalInt64 } from "./columns.ts";
import type { GatewayKeyRow, Schema, TokenRow } from "./schema.ts";
import type { ChangeKind, CredentialStore, GatewayKey, Token } from "./store.ts";

/** Tokens and gateway keys in any database that Kysely speaks to. */
export class KyselyCredentialStore implements CredentialStore {
  readonly #db: Kysely<Schema>;
  readonly #changes: KyselyChangeStore;

  constructor(db: Kysely<Schema>, changes: KyselyChangeStore) {
    this.#db = db;
    this.#changes = changes;
  }

  async addToken(token: Token, secretSha256: Uint8Array): Promise<void> {
    await this.#db
      .insertInto("aibridge_tokens")
      .values({
        id: uuidToBytes(token.id),
        secret_sha256: secretSha256,
        actor: token.actor,
        name: token.name,
        created_at: token.createdAt,
        expires_at: token.expiresAt,
        revoked_at: token.revokedAt,
      })
      .execute();
  }

  async findToken(secretSha256: Uint8Array): Promise<Token | undefined> {
    const row = await this.#db
      .selectFrom("aibridge_tokens")
      .selectAll()
      .where("secret_sha256", "=", secretSha256)
      .executeTakeFirst();
    return row && toToken(row);
  }

  async listTokens({ actor, after, limit }: Parameters<CredentialStore["listTokens"]>[0]): Promise<Token[]> {
    let query = this.#db.selectFrom("aibridge_tokens").selectAll();
    if (actor !== undefined) {
      query = query.where("actor", "=", actor);
    }
    if (after !== undefined) {
      query = query.where("id", "<", uuidToBytes(after));
    }
    const rows = await query.orderBy("id", "desc").limit(limit).execute();
    return rows.map(toToken);
  }

  revokeToken(id: string, at: bigint): Promise<boolean> {
    return this.#revoke("aibridge_tokens", "token_revoked", id, at);
  }

  async listExpiringTokens({
    after,
    until,
  }: Parameters<CredentialStore["listExpiringTokens"]>[0]): Promise<Token[]> {
    const rows = await this.#db
      .selectFrom("aibridge_tokens")
      .selectAll()
      .where("expires_at", ">", after)
      .where("expires_at", "<=", until)
      .where("revoked_at", "is", null)
      .orderBy("expires_at")
      .execute();
    return rows.map(toToken);
  }

  noteExpiredToken(id: string): Promise<void> {
    return this.#changes.note(this.#db, "token_expired", id);
  }

  async addGatewayKey(key: GatewayKey, secretSha256: Uint8Array): Promise<void> {
    await this.#db
      .insertInto("aibridge_gateway_keys")
      .values({
        id: uuidToBytes(key.id),
        secret_sha256: secretSha256,
        name: key.name,
        created_at: key.createdAt,
        revoked_at: key.revokedAt,
      })
      .execute();
  }

  async findGatewayKey(secretSha256: Uint8Array): Promise<GatewayKey | undefined> {
    const row = await this.#db
      .selectFrom("aibridge_gateway_keys")
      .selectAll()
      .where("secret_sha256", "=", secretSha256)
      .executeTakeFirst();
    return row && toGatewayKey(row);
  }

  async listGatewayKeys({
    after,
    limit,
  }: Parameters<CredentialStore["listGatewayKeys"]>[0]): Promise<GatewayKey[]> {
    let query = this.#db.selectFrom("aibridge_gateway_keys").selectAll();
    if (after !== undefined) {
      query = query.where("id", "<", uuidToBytes(after));
    }
    const rows = await query.orderBy("id", "desc").limit(limit).execute();
    return rows.map(toGatewayKey);
  }

  revokeGatewayKey(id: string, at: bigint): Promise<boolean> {
    return this.#revoke("aibridge_gateway_keys", "gateway_key_revoked", id, at);
  }

  #revoke(
    table: "aibridge_tokens" | "aibridge_gateway_keys",
    kind: ChangeKind,
    id: string,
    at: bigint,
  ): Promise<boolean> {
    return this.#db.transaction().execute(async (transaction) => {
      const row = await transaction
        .selectFrom(table)
        .select("revoked_at")
        .where("id", "=", uuidToBytes(id))
        .executeTakeFirst();
      if (row === undefined) {
        return false;
      }
      if (row.revoked_at === null) {
        await transaction
          .updateTable(table)
          .set({ revoked_at: at })
          .where("id", "=", uuidToBytes(id))
          .execute();
        await this.#changes.note(transaction, kind, id);
      }
      return true;
    });
  }
}

function toToken(row: TokenRow): Token {
  return { ...toGatewayKey(row), actor: row.actor, expiresAt: optionalInt64.fromSql(row.expires_at) };
}

function toGatewayKey(row: GatewayKeyRow): GatewayKey {
  return {
    id: uuidFromBytes(row.id),
    name: row.name,
    createdAt: int64.fromSql(row.created_at),
    revokedAt: optionalInt64.fromSql(row.revoked_at),
  };
}
