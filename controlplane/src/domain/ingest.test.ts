import { setImmediate } from "node:timers/promises";
import { uuidv7 } from "@aibridge/proto/channel";
import { expect, test, vi } from "vitest";
import type { AddedRecords, RecordStore } from "../store/store.ts";
import { Ingest } from "./ingest.ts";
import type { ValidRecord } from "./records.ts";

const quiet = { stored: () => undefined, failed: () => undefined };

function record(): ValidRecord {
  const value = {
    id: uuidv7(),
    interceptionId: uuidv7(),
    messageId: "",
    prompt: "",
    createdAt: 0n,
    metadata: null,
  };
  return { kind: "prompt_usage", value };
}

/** A store whose transactions end when the test says so. */
class HeldStore implements RecordStore {
  readonly transactions: { batch: readonly ValidRecord[]; end: (error?: Error) => void }[] = [];

  save(batch: readonly ValidRecord[]) {
    return new Promise<AddedRecords>((resolve, reject) => {
      this.transactions.push({ batch, end: (error) => (error ? reject(error) : resolve(new Map())) });
    });
  }

  async transaction(index: number) {
    return vi.waitUntil(() => this.transactions[index]);
  }
}

test("what arrives while a transaction is under way goes into the next one together", async () => {
  const store = new HeldStore();
  const ingest = new Ingest(store, quiet);
  const first = ingest.save([record()]);
  const running = await store.transaction(0);
  const later = [ingest.save([record(), record()]), ingest.save([record()])];
  expect(store.transactions).toHaveLength(1);

  running.end();
  await first;
  const next = await store.transaction(1);

  expect(next.batch).toHaveLength(3);
  next.end();
  await Promise.all(later);
});

test("nothing is acknowledged before its transaction has ended", async () => {
  const store = new HeldStore();
  const saved = vi.fn();
  const save = new Ingest(store, quiet).save([record()]).then(saved);
  const transaction = await store.transaction(0);
  expect(saved).not.toHaveBeenCalled();
  transaction.end();
  await save;
  expect(saved).toHaveBeenCalledOnce();
});

test("a failed transaction fails all that was in it, and the next one goes on", async () => {
  const store = new HeldStore();
  const failed = vi.fn();
  const ingest = new Ingest(store, { ...quiet, failed });
  const calls = Promise.allSettled([ingest.save([record()]), ingest.save([record()])]);
  (await store.transaction(0)).end(new Error("disk full"));
  expect(await calls).toMatchObject([
    { status: "rejected", reason: { reason: "unavailable" } },
    { status: "rejected", reason: { reason: "unavailable" } },
  ]);
  expect(failed).toHaveBeenCalledWith(new Error("disk full"), 2);

  const again = ingest.save([record()]);
  (await store.transaction(1)).end();
  await again;
  await ingest.drain();
});

test("a transaction is bounded", async () => {
  const store = new HeldStore();
  const ingest = new Ingest(store, quiet);
  const many = Array.from({ length: 2000 }, record);
  const calls = [ingest.save(many), ingest.save(many)];
  (await store.transaction(0)).end();
  const second = await store.transaction(1);
  expect(second.batch).toHaveLength(2000);
  second.end();
  await Promise.all(calls);
});

test("a failure is told until something is stored again", async () => {
  const store = new HeldStore();
  const ingest = new Ingest(store, quiet);
  await ingest.checkRecent();
  for (const error of [new Error("disk full"), undefined]) {
    const saved = ingest.save([record()]).catch(() => undefined);
    await vi.waitUntil(() => store.transactions.length > 0);
    store.transactions.pop()?.end(error);
    await saved;
    const check = expect(ingest.checkRecent());
    await (error
      ? check.rejects.toThrow("records cannot be stored: disk full")
      : check.resolves.toBeUndefined());
  }
});

test("behind a backlog a store that blocks everything gets more at a time", async () => {
  let transactions = 0;
  const blocking: RecordStore = {
    save: async () => {
      transactions += 1;
      const until = performance.now() + 20;
      while (performance.now() < until);
      return new Map();
    },
  };
  const ingest = new Ingest(blocking, quiet);
  const batches = 40;
  const saved: Promise<void>[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    saved.push(ingest.save(Array.from({ length: 64 }, record)));
    await setImmediate();
  }
  await Promise.all(saved);
  expect(transactions).toBeLessThan(batches / 2);
});
