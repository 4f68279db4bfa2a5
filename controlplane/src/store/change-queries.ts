import { uuidFromBytes, uuidToBytes, uuidv7 } from "@aibridge/proto/channel";
import { type Kysely, sql } from "kysely";
import { int64 } from "./columns.ts";
import type { DatabaseDialect } from "./dialect.ts";
import type { Schema } from "./schema.ts";
import type { Change, ChangeKind, ChangeStore } from "./store.ts";

/** What has changed about credentials, in any database that Kysely speaks to. */
export class KyselyChangeStore implements ChangeStore {
  readonly #db: Kysely<Schema>;
  readonly #dialect: DatabaseDialect;
  /** Names this process in the rows it writes, so that it leaves them out when it reads. */
  readonly #origin = uuidToBytes(uuidv7());

  constructor(db: Kysely<Schema>, dialect: DatabaseDialect) {
    this.#db = db;
    this.#dialect = dialect;
  }

  /** Notes a change, in the transaction that makes it. */
  async note(transaction: Kysely<Schema>, kind: ChangeKind, subject: string): Promise<void> {
    await transaction
      .insertInto("aibridge_changes")
      .values({
        id: uuidToBytes(uuidv7()),
        kind,
        subject: uuidToBytes(subject),
        created_at: this.#dialect.now,
        origin: this.#origin,
      })
      .execute();
  }

  async now(): Promise<bigint> {
    const { rows } = await sql<{ now: bigint | string }>`select ${this.#dialect.now} as now`.execute(
      this.#db,
    );
    return int64.fromSql(rows[0]?.now ?? null);
  }

  async listForeign(since: bigint): Promise<Change[]> {
    const rows = await this.#db
      .selectFrom("aibridge_changes")
      .select(["id", "kind", "subject"])
      .where("created_at", ">=", since)
      .where("origin", "!=", this.#origin)
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(({ id, kind, subject }) => ({
      id: uuidFromBytes(id),
      kind: kind as ChangeKind,
      subject: uuidFromBytes(subject),
    }));
  }

  async removeOlderThan(age: bigint): Promise<void> {
    await this.#db
      .deleteFrom("aibridge_changes")
      .where("created_at", "<", sql<bigint>`${this.#dialect.now} - ${age}`)
      .execute();
  }
}
