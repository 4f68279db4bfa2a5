import { DatabaseSync } from "node:sqlite";

/** A table of a host as it is: the names of its columns, and its rows in the order of their key. */
export interface HostTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const tableNames = [
  "interceptions",
  "interception_ends",
  "token_usages",
  "prompt_usages",
  "tool_usages",
  "model_thoughts",
] as const;

/** The six tables of an example host, integers with every digit. */
export type HostTables = Readonly<Record<(typeof tableNames)[number], HostTable>>;

/** Reads the file of a host, which may be running. */
export function readHostTables(file: string): HostTables {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Object.fromEntries(tableNames.map((name) => [name, readTable(database, name)])) as HostTables;
  } finally {
    database.close();
  }
}

function readTable(database: DatabaseSync, name: string): HostTable {
  const query = database.prepare(`select * from ${name} order by 1`);
  query.setReadBigInts(true);
  query.setReturnArrays(true);
  return {
    columns: query.columns().map((column) => String(column.name)),
    rows: query.all() as unknown as unknown[][],
  };
}
