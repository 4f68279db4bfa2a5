import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { mariaDb, stopMariaDbAfterAll, useStore } from "../test-support/databases.ts";
import { endRecord, promptRecord, startRecord, tokenUsageRecord } from "../test-support/stored-records.ts";
import { useFolder } from "../test-support/use-control-plane.ts";
import type { Store } from "./store.ts";

stopMariaDbAfterAll();

const PAGE = readFileSync(new URL("../../../docs/databases.md", import.meta.url), "utf8");
const BLOCKS = [...PAGE.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql = ""]) => statements(sql));
const [SET_UP = [], QUERIES = []] = BLOCKS;

function statements(sql: string): string[] {
  return sql
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

async function fill(store: Store): Promise<void> {
  await store.migrate();
  const start = startRecord({ startedAt: 1_795_305_600_000_000n });
  const { id: interceptionId } = start.value;
  const children = [tokenUsageRecord({ interceptionId }), promptRecord({ interceptionId })];
  await store.records.save([start, ...children, endRecord({ interceptionId })]);
}

test("the page has what is tested here", () => {
  expect([SET_UP.length, QUERIES.length]).toEqual([3, 4]);
});

test("the rights it grants are enough, and its queries run on MariaDB", async () => {
  const server = await mariaDb();
  for (const statement of SET_UP) {
    await server.query("", statement);
  }
  const address = server.url("aibridge").replace("root@", "aibridge:a%20long%20password@");
  const store = useStore({ address });
  await fill(store);
  await store.checkReady();
  const counts: number[] = [];
  for (const query of QUERIES) {
    counts.push((await server.query("aibridge", query)).length);
  }
  expect(counts).toEqual([1, 1, 0, 1]);
});

test("its queries run on SQLite", async () => {
  const file = `${useFolder()}/aibridge.db`;
  await fill(useStore({ address: `sqlite:${file}` }));
  const database = new DatabaseSync(file, { readOnly: true, readBigInts: true });
  const counts = QUERIES.map((query) => database.prepare(query).all().length);
  database.close();
  expect(counts).toEqual([1, 1, 0, 1]);
});
