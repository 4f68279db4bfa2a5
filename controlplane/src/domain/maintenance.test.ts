import { uuidv7 } from "@aibridge/proto/channel";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Store } from "../store/store.ts";
import { DATABASES, stopMariaDbAfterAll, useStore } from "../test-support/databases.ts";
import { endRecord, promptRecord, startRecord } from "../test-support/stored-records.ts";
import { Maintenance, type MaintenanceRules } from "./maintenance.ts";
import { microsOfMillis } from "./micros.ts";

stopMariaDbAfterAll();

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2040, 0, 1);
const RULES: MaintenanceRules = { retentionMs: 60 * DAY, orphanAfterMs: DAY };

function startedAgo(millis: number) {
  return startRecord({ id: uuidAt(NOW - millis), startedAt: microsOfMillis(NOW - millis) });
}

/** Ids of one process never go back in time, those of a test have to. */
function uuidAt(millis: number): string {
  const time = millis.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}${uuidv7().slice(13)}`;
}

function useMaintenance(store: Store, rules: () => MaintenanceRules = () => RULES) {
  const observer = {
    failed: vi.fn<(reason: unknown) => void>(),
    orphansClosed: vi.fn<(n: number) => void>(),
  };
  const maintenance = new Maintenance({ store, rules, clock: () => NOW, intervalMs: 5, observer });
  onTestFinished(() => maintenance.close());
  return { maintenance, observer };
}

describe.each(DATABASES)("$name", ({ make }) => {
  async function useMigrated(database: Awaited<ReturnType<typeof make>>) {
    const store = useStore(database);
    await store.migrate();
    return store;
  }

  const ids = async (store: Store) =>
    (
      await store.usage.listInterceptions({ filter: {}, limit: 10_000, withRecords: false, maxBytes: 1e9 })
    ).rows.map(({ interception }) => interception.id);

  test("what is older than the retention goes, with what arrives for it later", async () => {
    const store = await useMigrated(await make());
    const old = Array.from({ length: 1200 }, (_, index) => startedAgo(60 * DAY + 1 + index));
    const kept = startedAgo(60 * DAY - HOUR);
    const prompts = [...old, kept].map(({ value }) => promptRecord({ interceptionId: value.id }));
    await store.records.save([...old, kept, ...prompts]);
    useMaintenance(store);
    await vi.waitUntil(async () => (await ids(store)).length === 1, 10_000);
    expect(await ids(store)).toEqual([kept.value.id]);
    expect((await store.usage.getInterception(kept.value.id))?.userPrompts).toHaveLength(1);

    const late = prompts.slice(0, 1);
    await store.records.save(late);
    // It is new again as soon as it has been deleted.
    await vi.waitUntil(async () => (await store.records.save(late)).get("prompt_usage") === 1, 10_000);
  });

  test("interceptions that never ended get a provisional end, which a real one replaces", async () => {
    const store = await useMigrated(await make());
    const [orphan, ended, underWay] = [startedAgo(DAY + 1), startedAgo(DAY + 1), startedAgo(DAY - 1)];
    const real = endRecord({ interceptionId: ended.value.id });
    await store.records.save([orphan, ended, underWay, real]);
    const { observer } = useMaintenance(store);
    const endOf = async ({ value }: typeof orphan) => (await store.usage.getInterception(value.id))?.ended;
    await vi.waitUntil(() => observer.orphansClosed.mock.calls.length > 0, 10_000);
    expect(await endOf(orphan)).toMatchObject({
      outcome: "failed",
      provisional: true,
      errorType: "orphaned",
      endedAt: microsOfMillis(NOW),
    });
    expect(await endOf(ended)).toEqual(real.value);
    expect(await endOf(underWay)).toBeNull();
    const late = endRecord({ interceptionId: orphan.value.id });
    await store.records.save([late]);
    expect(await endOf(orphan)).toEqual(late.value);
    expect(observer.orphansClosed.mock.calls).toEqual([[1]]);
  });

  test("rules that change are followed", async () => {
    const store = await useMigrated(await make());
    await store.records.save([startedAgo(10 * DAY)]);
    let rules = RULES;
    const { observer } = useMaintenance(store, () => rules);
    await vi.waitUntil(() => observer.orphansClosed.mock.calls.length > 0, 10_000);
    rules = { ...RULES, retentionMs: 5 * DAY };
    await vi.waitUntil(async () => (await ids(store)).length === 0, 10_000);
  });

  test("only one does it at a time; the other goes on when the first is gone", async () => {
    const database = await make();
    const [one, two] = [await useMigrated(database), await useMigrated(database)];
    const first = useMaintenance(one);
    await one.records.save([startedAgo(2 * DAY)]);
    await vi.waitUntil(() => first.observer.orphansClosed.mock.calls.length === 1, 10_000);

    const takes = vi.spyOn(two.leases, "take");
    const deletes = vi.spyOn(two.deletions, "deleteBefore");
    useMaintenance(two);
    await vi.waitUntil(() => takes.mock.calls.length > 2, 10_000);
    expect(deletes).not.toHaveBeenCalled();
    await first.maintenance.close();
    await vi.waitUntil(() => deletes.mock.calls.length > 0, 10_000);
  });

  test("a failure is told, and the next round goes on", async () => {
    const store = await useMigrated(await make());
    const { observer } = useMaintenance(store);
    vi.spyOn(store.deletions, "deleteBefore").mockRejectedValueOnce(new Error("away"));
    await vi.waitUntil(() => observer.failed.mock.calls.length > 0, 10_000);
    await store.records.save([startedAgo(2 * DAY)]);
    await vi.waitUntil(async () => (await ids(store)).length === 1);
    expect(observer.failed).toHaveBeenCalledOnce();
  });
});
