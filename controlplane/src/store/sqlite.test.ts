import { statSync } from "node:fs";
import { join } from "node:path";
import { uuidv7 } from "@aibridge/proto/channel";
import { expect, onTestFinished, test } from "vitest";
import type { TokenUsage, ValidRecord } from "../domain/records.ts";
import { useFolder } from "../test-support/use-control-plane.ts";
import { databaseAddress, openStore } from "./open-store.ts";
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

function tokenUsage(changes: Partial<TokenUsage> = {}): ValidRecord {
  const value: TokenUsage = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    messageId: "",
    inputTokens: 1n,
    outputTokens: 1n,
    cacheReadInputTokens: 0n,
    cacheWriteInputTokens: 0n,
    extraTokenTypes: "{}",
    source: "reported",
    serviceTier: "",
    createdAt: 1n,
    metadata: null,
    ...changes,
  };
  return { kind: "token_usage", value };
}

async function useStore() {
  const file = join(useFolder(), "a.db");
  const store = openStore(databaseAddress(`sqlite:${file}`));
  onTestFinished(() => store.close());
  await store.migrate();
  return { store, file };
}

test("a batch is stored whole or not at all", async () => {
  const { store, file } = await useStore();
  const { database } = useSqlite(file);
  database.exec(
    "create trigger refuse before insert on aibridge_token_usages when new.message_id = 'bad' begin select raise(abort, 'refused'); end",
  );
  const count = () => database.prepare("select count(*) as n from aibridge_token_usages").get()?.n;

  await expect(store.records.save([tokenUsage(), tokenUsage({ messageId: "bad" })])).rejects.toThrow(
    "refused",
  );
  expect(count()).toBe(0n);
  await store.records.save([tokenUsage(), tokenUsage()]);
  expect(count()).toBe(2n);
});

test("only what is new counts as added", async () => {
  const { store } = await useStore();
  const record = tokenUsage();
  expect(await store.records.save([record, record, tokenUsage()])).toEqual(new Map([["token_usage", 2]]));
  expect(await store.records.save([record])).toEqual(new Map([["token_usage", 0]]));
});

test("transactions of administration and of records do not get into each other", async () => {
  const { store } = await useStore();
  const id = uuidv7();
  await store.credentials.addGatewayKey({ id, name: "a", createdAt: 1n, revokedAt: null }, Buffer.alloc(32));
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? store.records.save([tokenUsage()]) : store.credentials.revokeGatewayKey(id, 2n),
    ),
  );
  expect(results.filter((result) => result === true)).toHaveLength(10);
});

test("migrating twice changes nothing; before it the store is not ready", async () => {
  const file = join(useFolder(), "a.db");
  const store = openStore(databaseAddress(`sqlite:${file}`));
  onTestFinished(() => store.close());
  await expect(store.checkReady()).rejects.toThrow("0001-initial");
  await store.migrate();
  await store.migrate();
  await store.checkReady();
});

test.each(["", "aibridge.db", "sqlite:", "sqlite::memory:", "mysql://root:secret@h/db"])(
  "database %s is refused without repeating it",
  (text) => {
    expect(() => databaseAddress(text)).toThrow(/^expected a database of the form sqlite:PATH/);
    expect(() => databaseAddress(text)).not.toThrow("secret");
  },
);
