import { type Kysely, type RawBuilder, sql } from "kysely";
import { int64, type SqlValue } from "./columns.ts";
import { matching } from "./interception-filter.ts";
import type { Schema } from "./schema.ts";
import type { UsageDimension, UsageGroup, UsageStore, UsageTotals } from "./store.ts";

const MICROS_PER_DAY = 86_400_000_000;

/** What each dimension groups by. A day is its first microsecond, which needs no date functions of a dialect. */
const GROUPED_BY: Readonly<Record<UsageDimension, RawBuilder<string | bigint>>> = {
  actor: sql<string>`i.initiator_id`,
  model: sql<string>`i.model`,
  provider: sql<string>`i.provider_name`,
  client: sql<string>`i.client`,
  day: sql<bigint>`i.started_at - i.started_at % ${sql.lit(MICROS_PER_DAY)}`,
};

/** The four columns that are summed, by the names of their totals. */
const TOKEN_COLUMNS = {
  inputTokens: "t.input_tokens",
  outputTokens: "t.output_tokens",
  cacheReadInputTokens: "t.cache_read_input_tokens",
  cacheWriteInputTokens: "t.cache_write_input_tokens",
} as const satisfies Partial<Record<keyof UsageTotals, string>>;

const HALF_BITS = 32;
const LOW_HALF = 2 ** HALF_BITS - 1;

type Query = Parameters<UsageStore["summarizeUsage"]>[0];

/**
 * See {@link UsageStore.summarizeUsage}. Interceptions, tokens and tool calls are summed by one query each, in one
 * transaction: joining two tables of children would count each row of one as often as the other has rows.
 */
export async function summarizeUsage(db: Kysely<Schema>, query: Query): Promise<UsageGroup[]> {
  const groups = await db.transaction().execute(async (transaction) => {
    const merged = new GroupMerger();
    merged.add(query.dimensions, await interceptionTotals(transaction, query));
    merged.add(query.dimensions, await tokenTotals(transaction, query));
    merged.add(query.dimensions, await toolTotals(transaction, query));
    return merged.groups();
  });
  return groups.sort((a, b) => compareValues(a.values, b.values));
}

function interceptionTotals(db: Kysely<Schema>, { filter, dimensions }: Query) {
  return db
    .selectFrom("aibridge_interceptions as i")
    .select(groupColumns(dimensions))
    .select(({ fn }) => fn.countAll<bigint>().as("interceptions"))
    .where(matching(filter))
    .$if(dimensions.length > 0, (query) => query.groupBy(groupExpressions(dimensions)))
    .execute();
}

async function tokenTotals(db: Kysely<Schema>, { filter, dimensions }: Query) {
  const rows = await db
    .selectFrom("aibridge_interceptions as i")
    .innerJoin("aibridge_token_usages as t", "t.interception_id", "i.id")
    .select(groupColumns(dimensions))
    .select(Object.entries(TOKEN_COLUMNS).flatMap(([name, column]) => halfSums(name, column)))
    .where(matching(filter))
    .$if(dimensions.length > 0, (query) => query.groupBy(groupExpressions(dimensions)))
    .execute();
  return rows.map(withWholeSums);
}

/** The upper and the lower half of each number are summed for themselves: SQLite refuses a sum that needs 65 bits. */
function halfSums(name: string, column: string) {
  const number = sql.ref<bigint>(column);
  return [
    sql<bigint | null>`sum(${number} >> ${sql.lit(HALF_BITS)})`.as(`${name}High`),
    sql<bigint | null>`sum(${number} & ${sql.lit(LOW_HALF)})`.as(`${name}Low`),
  ];
}

function withWholeSums(row: object): object {
  const halves = row as Record<string, SqlValue>;
  const half = (name: string) => int64.fromSql(halves[name] ?? 0);
  const sums = Object.keys(TOKEN_COLUMNS).map((name) => [
    name,
    (half(`${name}High`) << BigInt(HALF_BITS)) + half(`${name}Low`),
  ]);
  return { ...row, ...Object.fromEntries(sums) };
}

function toolTotals(db: Kysely<Schema>, { filter, dimensions }: Query) {
  return db
    .selectFrom("aibridge_interceptions as i")
    .innerJoin("aibridge_tool_usages as u", "u.interception_id", "i.id")
    .select(groupColumns(dimensions))
    .select(({ fn }) => fn.countAll<bigint>().as("toolCalls"))
    .where(matching(filter))
    .$if(dimensions.length > 0, (query) => query.groupBy(groupExpressions(dimensions)))
    .execute();
}

function groupExpressions(dimensions: readonly UsageDimension[]) {
  return dimensions.map((dimension) => GROUPED_BY[dimension]);
}

function groupColumns(dimensions: readonly UsageDimension[]) {
  return dimensions.map((dimension) => GROUPED_BY[dimension].as(dimension));
}

/** Puts the totals of several queries together, group by group. */
class GroupMerger {
  readonly #groups = new Map<string, UsageGroup>();

  add(dimensions: readonly UsageDimension[], rows: readonly object[]): void {
    for (const row of rows as Record<string, SqlValue>[]) {
      const values = dimensions.map((dimension) => groupValue(dimension, row[dimension] ?? ""));
      const { totals } = this.#group(values);
      for (const name of Object.keys(totals) as (keyof UsageTotals)[]) {
        totals[name] += int64.fromSql(row[name] ?? 0);
      }
    }
  }

  groups(): UsageGroup[] {
    return [...this.#groups.values()];
  }

  #group(values: string[]): UsageGroup {
    const key = JSON.stringify(values);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      return known;
    }
    const group = { values, totals: emptyTotals() };
    this.#groups.set(key, group);
    return group;
  }
}

function emptyTotals(): UsageTotals {
  return {
    interceptions: 0n,
    inputTokens: 0n,
    outputTokens: 0n,
    cacheReadInputTokens: 0n,
    cacheWriteInputTokens: 0n,
    toolCalls: 0n,
  };
}

function groupValue(dimension: UsageDimension, value: SqlValue): string {
  if (dimension !== "day") {
    return String(value);
  }
  return new Date(Number(int64.fromSql(value) / 1000n)).toISOString().slice(0, "2026-11-22".length);
}

function compareValues(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((value, position) => value !== b[position]);
  return index === -1 ? 0 : (a[index] ?? "") < (b[index] ?? "") ? -1 : 1;
}
