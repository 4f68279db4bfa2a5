import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from "kysely";
import { int64, optionalInt64 } from "./columns.ts";
import type { Schema, ToolPinRow } from "./schema.ts";
import type { ToolPin, ToolPinFilter, ToolPinStore } from "./store.ts";

type Query = Parameters<ToolPinStore["list"]>[0];

/** Keys of one statement. */
export const KEYS_PER_STATEMENT = 200;

/** All of a definition but its text. */
export const PIN_COLUMNS = [
  "p.tool_key",
  "p.sha256",
  "p.server_name",
  "p.server_url",
  "p.tool",
  "p.first_seen_at",
  "p.approved_at",
] as const;

type PinRow = Pick<
  ToolPinRow,
  "tool_key" | "sha256" | "server_name" | "server_url" | "tool" | "first_seen_at" | "approved_at"
>;

interface Aliased extends Schema {
  p: ToolPinRow;
}

/** A definition with its text. */
export function toToolPin(row: PinRow, definition: string): ToolPin {
  return {
    serverName: row.server_name,
    serverUrl: row.server_url,
    tool: row.tool,
    sha256: row.sha256,
    definition,
    firstSeenAt: int64.fromSql(row.first_seen_at),
    approvedAt: optionalInt64.fromSql(row.approved_at),
  };
}

/** The condition of a filter, on rows called "p". */
export function matchingPins({ serverName, serverUrl, tool, sha256 }: ToolPinFilter) {
  return ({ eb, and }: ExpressionBuilder<Aliased, "p">): Expression<SqlBool> =>
    and([
      ...(serverName === undefined ? [] : [eb("p.server_name", "=", serverName)]),
      ...(serverUrl === undefined ? [] : [eb("p.server_url", "=", serverUrl)]),
      ...(tool === undefined ? [] : [eb("p.tool", "=", tool)]),
      ...(sha256 === undefined ? [] : [eb("p.sha256", "=", sha256)]),
    ]);
}

/** The condition that a row is one of these. SQLite has no lists of pairs. */
export function amongPins(pins: readonly Pick<ToolPinRow, "tool_key" | "sha256">[]) {
  return ({ eb, and, or }: ExpressionBuilder<Schema, "aibridge_tool_pins">): Expression<SqlBool> =>
    or(pins.map((pin) => and([eb("tool_key", "=", pin.tool_key), eb("sha256", "=", pin.sha256)])));
}

/** Splits keys into as many as one statement takes. */
export function inParts<T>(keys: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < keys.length; from += KEYS_PER_STATEMENT) {
    parts.push(keys.slice(from, from + KEYS_PER_STATEMENT));
  }
  return parts;
}

/** See {@link ToolPinStore.list}. What is too much is never read: sizes come first, texts afterwards. */
export async function listToolPins(db: Kysely<Schema>, query: Query): ReturnType<ToolPinStore["list"]> {
  return db.transaction().execute(async (transaction) => {
    const found = await findPins(transaction, query);
    const chosen = fitting(found.slice(0, query.limit), query.maxBytes);
    const texts = await textsOf(transaction, chosen);
    return {
      rows: chosen.map((row) => toToolPin(row, texts.get(keyOf(row)) ?? "")),
      more: found.length > chosen.length,
    };
  });
}

/** In order of the list, one more than asked for if there is one. */
function findPins(db: Kysely<Schema>, { filter, waitingOnly, after, limit }: Query) {
  let query = db
    .selectFrom("aibridge_tool_pins as p")
    .select(PIN_COLUMNS)
    .select(sql<bigint | string>`octet_length(p.definition)`.as("bytes"))
    .where(matchingPins(filter));
  if (waitingOnly) {
    query = query.where("p.approved_at", "is", null);
  }
  if (after !== undefined) {
    const { serverName, serverUrl, tool, firstSeenAt, sha256 } = after;
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple("p.server_name", "p.server_url", "p.tool", "p.first_seen_at", "p.sha256"),
        ">",
        tuple(serverName, serverUrl, tool, firstSeenAt, sha256),
      ),
    );
  }
  return query
    .orderBy("p.server_name")
    .orderBy("p.server_url")
    .orderBy("p.tool")
    .orderBy("p.first_seen_at")
    .orderBy("p.sha256")
    .limit(limit + 1)
    .execute();
}

/** The first rows whose texts fit together; the first one fits always, or a list could stop for ever. */
function fitting<Row extends { bytes: bigint | string }>(
  rows: readonly Row[],
  maxBytes: number,
): readonly Row[] {
  let left = maxBytes;
  const end = rows.findIndex(({ bytes }, index) => {
    left -= Number(bytes);
    return left < 0 && index > 0;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

async function textsOf(db: Kysely<Schema>, chosen: readonly PinRow[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const part of inParts(chosen)) {
    const rows = await db
      .selectFrom("aibridge_tool_pins")
      .select(["tool_key", "sha256", "definition"])
      .where(amongPins(part))
      .execute();
    for (const row of rows) {
      texts.set(keyOf(row), row.definition);
    }
  }
  return texts;
}

function keyOf({ tool_key: toolKey, sha256 }: Pick<PinRow, "tool_key" | "sha256">): string {
  return Buffer.concat([toolKey, sha256]).toString("hex");
}
