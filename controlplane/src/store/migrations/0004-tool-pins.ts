import { type Kysely, sql } from "kysely";
import { compareTrailingBlanks } from "./0003-no-pad.ts";
import { createIndex, createTable } from "./create.ts";

const TABLE = "aibridge_tool_pins";

/**
 * The definitions of MCP tools that are remembered. `is_first` is 1 or absent: its constraint lets one definition of a
 * tool be the first, whoever stores it at the same moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(db, TABLE)
    .addColumn("tool_key", sql`binary(32)`, (column) => column.notNull())
    .addColumn("sha256", sql`binary(32)`, (column) => column.notNull())
    .addColumn("is_first", "integer")
    .addColumn("server_key", sql`binary(32)`, (column) => column.notNull())
    .addColumn("server_name", "varchar(255)", (column) => column.notNull())
    .addColumn("server_url", sql`mediumtext`, (column) => column.notNull())
    .addColumn("tool", sql`mediumtext`, (column) => column.notNull())
    .addColumn("definition", sql`mediumtext`, (column) => column.notNull())
    .addColumn("first_seen_at", "bigint", (column) => column.notNull())
    .addColumn("approved_at", "bigint")
    .addPrimaryKeyConstraint(`${TABLE}_pk`, ["tool_key", "sha256"])
    .addUniqueConstraint(`${TABLE}_first`, ["tool_key", "is_first"])
    .execute();
  await compareTrailingBlanks(db, [TABLE]);
  await createIndex(db, TABLE, ["server_key", "is_first"]);
  await createIndex(db, TABLE, ["server_name"]);
}
