import { uuidFromBytes } from "@aibridge/proto/channel";
import { type Kysely, sql } from "kysely";
import type { RecordKind } from "../domain/records.ts";
import { type Columns, columnName, optionalText, text } from "./columns.ts";
import { RECORD_TABLES } from "./record-tables.ts";
import type { Schema } from "./schema.ts";

/** Kinds that are read with every interception; the others only on request. */
const ALWAYS_READ: readonly RecordKind[] = ["interception", "interception_ended"];

/** How much text is stored of each interception, in bytes of UTF-8, without reading it. */
export async function textSizes(
  db: Kysely<Schema>,
  ids: readonly Uint8Array[],
  withRecords: boolean,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  if (ids.length === 0) {
    return sizes;
  }
  const kinds = withRecords ? (Object.keys(RECORD_TABLES) as RecordKind[]) : ALWAYS_READ;
  for (const kind of kinds) {
    for (const { id, bytes } of await sizesInTable(db, kind, ids)) {
      const key = uuidFromBytes(id);
      sizes.set(key, (sizes.get(key) ?? 0) + Number(bytes));
    }
  }
  return sizes;
}

async function sizesInTable(db: Kysely<Schema>, kind: RecordKind, ids: readonly Uint8Array[]) {
  const { table, columns } = RECORD_TABLES[kind];
  const key = sql.ref<Uint8Array>(kind === "interception" ? "id" : "interception_id");
  const lengths = textColumns(columns as Columns<unknown>).map(
    (name) => sql`coalesce(octet_length(${sql.ref(name)}), 0)`,
  );
  const { rows } = await sql<{ id: Uint8Array; bytes: bigint | string }>`
    select ${key} as id, sum(${sql.join(lengths, sql` + `)}) as bytes
    from ${sql.table(table)} where ${key} in (${sql.join([...ids])}) group by ${key}`.execute(db);
  return rows;
}

function textColumns(columns: Columns<unknown>): string[] {
  return Object.entries(columns)
    .filter(([, column]) => column === text || column === optionalText)
    .map(([member]) => columnName(member));
}
