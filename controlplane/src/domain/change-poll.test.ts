import { expect, onTestFinished, test, vi } from "vitest";
import type { Change, ChangeStore } from "../store/store.ts";
import { ChangePoll } from "./change-poll.ts";
import { Changes } from "./changes.ts";

/** A database that can be away, whose clock stands until it is moved. */
class Database implements ChangeStore {
  time = 1_000_000_000n;
  away = false;
  readonly rows: (Change & { at: bigint })[] = [];
  looks = 0;

  add(id: string, kind: Change["kind"], at = this.time): void {
    this.rows.push({ id, kind, subject: `subject of ${id}`, at });
  }

  async now(): Promise<bigint> {
    this.looks += 1;
    if (this.away) {
      throw new Error("away");
    }
    return this.time;
  }

  async listForeign(since: bigint): Promise<Change[]> {
    return this.rows.filter(({ at }) => at >= since);
  }

  async removeOlderThan(): Promise<void> {}
}

function usePoll(database: Database) {
  const changes = new Changes();
  const told: string[] = [];
  changes.tokenWorthless.subscribe((id) => told.push(`token: ${id}`));
  changes.gatewayKeyRevoked.subscribe((id) => told.push(`key: ${id}`));
  const observer = { failed: vi.fn<(reason: unknown) => void>(), recovered: vi.fn<() => void>() };
  const poll = new ChangePoll(database, changes, 1, observer);
  onTestFinished(() => poll.close());
  poll.start();
  const looksAgain = async () => {
    const before = database.looks;
    await vi.waitUntil(() => database.looks > before + 2);
  };
  return { told, observer, looksAgain, poll };
}

test("each change is told once, those from before the start too", async () => {
  const database = new Database();
  database.add("old", "token_revoked", 5n);
  const { told, looksAgain } = usePoll(database);
  await looksAgain();
  database.add("a", "token_revoked");
  database.add("b", "gateway_key_revoked");
  database.add("c", "token_expired");
  await looksAgain();
  await looksAgain();
  expect(told).toEqual([
    "token: subject of old",
    "token: subject of a",
    "key: subject of b",
    "token: subject of c",
  ]);
});

test("a change whose transaction took its time is not missed", async () => {
  const database = new Database();
  const { told, looksAgain } = usePoll(database);
  database.time += 20_000_000n;
  await looksAgain();
  database.add("slow", "token_revoked", database.time - 15_000_000n);
  await looksAgain();
  expect(told).toEqual(["token: subject of slow"]);
});

test("what happened while the database was away is caught up with; its absence is told once", async () => {
  const database = new Database();
  const { told, observer, looksAgain } = usePoll(database);
  await looksAgain();
  database.away = true;
  await looksAgain();
  database.add("meanwhile", "token_revoked");
  database.time += 3_600_000_000n;
  database.away = false;
  await vi.waitUntil(() => told.length > 0);
  expect(told).toEqual(["token: subject of meanwhile"]);
  await vi.waitUntil(() => observer.recovered.mock.calls.length > 0);
  expect(observer.failed).toHaveBeenCalledOnce();
  expect(observer.recovered).toHaveBeenCalledOnce();
});
