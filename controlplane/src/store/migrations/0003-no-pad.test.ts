import { expect, test } from "vitest";
import { DATABASES, mariaDb, stopMariaDbAfterAll, useStore } from "../../test-support/databases.ts";
import { startRecord } from "../../test-support/stored-records.ts";

stopMariaDbAfterAll();

test("an older MySQL database learns to tell names apart that differ in a trailing blank, and keeps its rows", async () => {
  const database = await DATABASES.find(({ name }) => name === "MariaDB")?.make();
  if (database === undefined) throw new Error("there is no MariaDB");
  const store = useStore(database);
  await store.migrate();
  const actors = ["alice", "alice "];
  await store.records.save(actors.map((initiatorId) => startRecord({ initiatorId })));
  const name = new URL(database.address).pathname.slice(1);
  const server = await mariaDb();
  await server.query(
    name,
    "alter table aibridge_interceptions convert to character set utf8mb4 collate utf8mb4_bin",
  );
  await server.query(name, "delete from aibridge_schema_version where name >= '0003'");
  const actorsFound = async () => {
    const groups = await store.usage.summarizeUsage({ filter: {}, dimensions: ["actor"] });
    return groups.map(({ totals }) => totals.interceptions);
  };
  expect(await actorsFound()).toEqual([2n]);

  await store.migrate();

  expect(await actorsFound()).toEqual([1n, 1n]);
  const [column] = await server.query(
    name,
    "select column_type as type from information_schema.columns where table_schema = database() and table_name = 'aibridge_interceptions' and column_name = 'model'",
  );
  expect(column).toEqual({ type: "mediumtext" });
});
