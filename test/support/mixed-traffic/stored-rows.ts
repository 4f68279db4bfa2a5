import { DatabaseSync } from "node:sqlite";
import type { GetInterceptionResponse } from "@aibridge/proto";
import type { GatewayUnderTest } from "../use-gateway.ts";

/** Tables of the store that have one row for each record, as auditors read them, and what the control plane says of it. */
const tables: Record<string, (stored: GetInterceptionResponse) => readonly unknown[]> = {
  aibridge_interceptions: ({ interception }) => [interception],
  aibridge_interception_ends: ({ ended }) => (ended ? [ended] : []),
  aibridge_token_usages: ({ tokenUsages }) => tokenUsages,
  aibridge_user_prompts: ({ promptUsages }) => promptUsages,
  aibridge_tool_usages: ({ toolUsages }) => toolUsages,
  aibridge_model_thoughts: ({ modelThoughts }) => modelThoughts,
};

/**
 * Looks into the database itself, past the control plane: no id is there twice, and no row belongs to an interception
 * that is not there.
 */
export async function rowProblems(
  gateway: GatewayUnderTest,
  stored: readonly GetInterceptionResponse[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const [table, recordsOf] of Object.entries(tables)) {
    const [counts] = await query(
      gateway,
      `select count(*) as found, count(distinct id) as ids from ${table}`,
    );
    const [found, ids] = [Number(counts?.found), Number(counts?.ids)];
    const listed = stored.reduce((sum, one) => sum + recordsOf(one).length, 0);
    if (found !== ids) problems.push(`${table} has ${found} rows with ${ids} ids`);
    if (found !== listed) problems.push(`${table} has ${found} rows, of which ${listed} are listed`);
  }
  return problems;
}

async function query(
  { database, mariaDb }: GatewayUnderTest,
  sql: string,
): Promise<Record<string, unknown>[]> {
  if (mariaDb !== undefined) return mariaDb.query(new URL(database).pathname.slice(1), sql);
  const file = new DatabaseSync(database.slice("sqlite:".length), { readOnly: true });
  try {
    return file.prepare(sql).all();
  } finally {
    file.close();
  }
}
