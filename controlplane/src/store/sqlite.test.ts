import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { useFolder } from "../test-support/use-control-plane.ts";
import { openSqlite } from "./sqlite.ts";

function useSqlite(file = join(useFolder(), "new", "a.db")) {
  const connection = openSqlite(file);
  onTestFinished(() => connection.database.close());
  return { file, ...connection };
}

test("a commit is on the disk when it returns, and readers do not wait for writers", () => {
  const { database } = useSqlite();
  const pragma = (name: string) => Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0];
  expect(pragma("journal_mode")).toBe("wal");
  // 2 is FULL: the write-ahead log is synced at each commit.
  expect(pragma("synchronous")).toBe(2n);
  expect(pragma("busy_timeout")).toBeGreaterThan(0n);
});

test("a file that is made belongs to its owner alone, with its companions", () => {
  const { file, database } = useSqlite();
  database.exec("create table t (a)");
  for (const name of [file, `${file}-wal`, `${file}-shm`]) {
    expect(statSync(name).mode & 0o777, name).toBe(0o600);
  }
});
