import fs from "node:fs";
import { join } from "node:path";
import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { Code } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import type { QueuedRecord } from "../record-queue.ts";
import type { EncodedRecord } from "../record-store.ts";
import {
  drain,
  end,
  killed,
  mib,
  openSpool,
  segments,
  start,
  thought,
  usage,
  useFolder,
} from "../test-support/spool-under-test.ts";
import type { Spool } from "./spool.ts";

test("records are delivered in order, and nothing is left of a spool that was drained", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const id = uuidv7();
  const records = [start(id), thought(id), end(id)];
  expect(spool.begin(records[0] as EncodedRecord)).toBeUndefined();
  for (const record of records.slice(1)) expect(spool.append(record)).toBeUndefined();
  expect(spool.counts().records).toBe(3);
  expect((await drain(spool)).map(({ value }) => value.id)).toEqual(records.map((record) => record.id));
  expect(spool.counts()).toMatchObject({ records: 0, oldestAgeSeconds: 0 });
  await spool.close();
  expect(fs.readdirSync(root)).toEqual([]);
});

test("folders and files are for their owner alone", async () => {
  const root = useFolder();
  const { spool } = openSpool(join(root, "new"));
  spool.begin(start(uuidv7()));
  const modes = [join(root, "new"), spool.folder].map((path) => fs.statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o700]);
  for (const name of fs.readdirSync(spool.folder))
    expect(fs.statSync(join(spool.folder, name)).mode & 0o777, name).toBe(0o600);
});

test("what a killed process left is delivered by the next one, and its open interceptions are closed", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const [whole, known, unknown] = [uuidv7(), uuidv7(), uuidv7()];
  for (const id of [whole, known, unknown]) expect(spool.begin(start(id))).toBeUndefined();
  for (const record of [end(whole), usage(known)]) spool.append(record);
  spool.flush();
  const next = openSpool(killed(root));
  await vi.waitFor(() => expect(next.spool.size).toBe(5 + 3));
  const bodies = await drain(next.spool);
  const closing = bodies.slice(0, 3);
  expect(closing).toMatchObject([
    { case: "interceptionEnded", value: { interceptionId: known, errorType: "gateway_crashed" } },
    { case: "tokenUsage", value: { interceptionId: unknown, source: UsageSource.MISSING } },
    { case: "interceptionEnded", value: { interceptionId: unknown, outcome: InterceptionOutcome.FAILED } },
  ]);
  expect(bodies.slice(3).map(({ case: kind }) => kind)).toEqual([
    ...["interception", "interception", "interception", "interceptionEnded", "tokenUsage"],
  ]);
  const again = openSpool(killed(root));
  await vi.waitFor(() => expect(again.spool.size).toBe(5 + 3));
  expect((await drain(again.spool)).slice(0, 3)).toEqual(closing);
  expect([next.lost, again.lost]).toEqual([[], []]);
});

test("what was acknowledged is not delivered again after a crash", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const id = uuidv7();
  spool.begin(start(id));
  for (let i = 0; i < 5; i++) spool.append(thought(id));
  spool.acknowledge(await spool.take(3, mib));
  await vi.waitFor(async () => {
    const next = openSpool(killed(root));
    await vi.waitFor(() => expect(next.spool.size).toBeGreaterThan(2));
    const size = next.spool.size;
    await next.spool.close();
    expect(size).toBe(3 + 2);
  });
});

test("after a break everything unacknowledged is delivered again, from memory and from the files", async () => {
  const { spool } = openSpool(useFolder());
  const id = uuidv7();
  spool.begin(start(id));
  const expected = [];
  for (let i = 0; i < 12; i++) {
    const record = thought(id, "x".repeat(mib));
    expected.push(record.id);
    expect(spool.append(record)).toBeUndefined();
    expect(await spool.durable()).toBe(true);
  }
  spool.acknowledge(await spool.take(1, mib));
  await spool.take(3, 4 * mib);
  await spool.take(3, 4 * mib);
  spool.rewind();
  expect((await drain(spool)).map(({ value }) => value.id)).toEqual(expected);
});

test("segments are begun anew and removed when all their records are acknowledged", async () => {
  const { spool } = openSpool(useFolder(), { maxBytes: () => 16 * mib });
  const id = uuidv7();
  spool.begin(start(id));
  for (let i = 0; i < 10; i++) {
    spool.append(thought(id, "x".repeat(mib / 2)));
    spool.flush();
  }
  expect(segments(spool.folder).length).toBeGreaterThan(3);
  await drain(spool);
  // Not before the last one is on disk, which tells what is open.
  await vi.waitFor(() => expect(segments(spool.folder)).toHaveLength(1));
});

test("a start whose segment is gone is closed all the same", async () => {
  const root = useFolder();
  const { spool } = openSpool(root, { maxBytes: () => mib });
  const [open, other] = [uuidv7(), uuidv7()];
  spool.begin(start(open));
  spool.begin(start(other));
  for (let i = 0; i < 5; i++) {
    spool.append(thought(other, "x".repeat(60_000)));
    spool.flush();
    await drain(spool);
    expect(await spool.durable()).toBe(true);
  }
  expect(segments(root)).toHaveLength(1);
  spool.append(end(other));
  spool.flush();
  const next = openSpool(killed(root));
  await vi.waitFor(() => expect(next.spool.size).toBeGreaterThan(2));
  const ends = (await drain(next.spool)).filter(({ case: kind }) => kind === "interceptionEnded");
  expect(ends.map(({ value }) => (value as { errorType: string }).errorType)).toEqual([
    "gateway_crashed",
    "",
  ]);
});

test("beyond its limit the spool takes no start and no text, but all token usages and ends, and starts again when drained", async () => {
  const { spool } = openSpool(useFolder(), { maxBytes: () => 256 * 1024 });
  const ids: string[] = [];
  let refusal: ReturnType<Spool["begin"]>;
  while (refusal === undefined && ids.length < 1000) {
    const id = uuidv7();
    refusal = spool.begin(start(id));
    if (refusal === undefined) ids.push(id);
    spool.append(thought(id, "x".repeat(500)));
  }
  expect(refusal).toMatchObject({ code: "spool_full" });
  expect(spool.unavailable()).toMatch(/spool_max_bytes/);
  expect(spool.append(thought(ids[0] as string, "x".repeat(5000)))).toMatch(/spool_max_bytes/);
  for (const id of ids) expect(spool.append(usage(id))).toBeUndefined();
  for (const id of ids) expect(spool.append(end(id))).toBeUndefined();
  spool.flush();
  expect(spool.counts().bytes).toBeLessThan(256 * 1024);
  await drain(spool);
  expect(spool.unavailable()).toBeUndefined();
  expect(spool.begin(start(uuidv7()))).toBeUndefined();
});

test("a rejected record is kept for people, with the reason", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const id = uuidv7();
  spool.begin(start(id));
  const records = await spool.take(1, mib);
  spool.keepRejected(records[0] as (typeof records)[number], Code.InvalidArgument, "bad model");
  const file = join(root, "dead-letters.jsonl");
  expect(JSON.parse(fs.readFileSync(file, "utf8"))).toMatchObject({
    ...{ kind: "interception", id, code: "InvalidArgument", message: "bad model" },
    record: { interception: { id } },
  });
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(spool.counts().bytes).toBeGreaterThanOrEqual(fs.statSync(file).size);
});

test("dead letters that were moved away make room", async () => {
  const root = useFolder();
  const { spool } = openSpool(root, { maxBytes: () => 64 * 1024 });
  expect(spool.begin(start(uuidv7()))).toBeUndefined();
  const [record] = await spool.take(1, mib);
  spool.keepRejected(record as QueuedRecord, Code.InvalidArgument, "x".repeat(58 * 1024));
  expect(spool.begin(start(uuidv7()))).toMatchObject({ code: "spool_full" });
  fs.rmSync(join(root, "dead-letters.jsonl"));
  await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined(), 5_000);
  expect(spool.begin(start(uuidv7()))).toBeUndefined();
});
