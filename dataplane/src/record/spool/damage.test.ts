import fs from "node:fs";
import { uuidv7 } from "@aibridge/proto/channel";
import { expect, test, vi } from "vitest";
import {
  drain,
  end,
  killed,
  mib,
  openSpool,
  segments,
  start,
  thought,
  useFolder,
} from "../test-support/spool-under-test.ts";
import { parseEntries } from "./entry.ts";

/** A spool with a few whole interceptions in one segment, left by a process that was killed. */
async function writtenSpool(records: number) {
  const root = useFolder();
  const { spool } = openSpool(root);
  const ids: string[] = [];
  for (let i = 0; i < records / 3; i++) {
    const id = uuidv7();
    for (const record of [start(id), thought(id), end(id)]) {
      if (record.kind === "interception") spool.begin(record);
      else spool.append(record);
      ids.push(record.id);
    }
  }
  spool.flush();
  const left = killed(root);
  const [path] = segments(left) as [string];
  return { left, path, ids, bytes: fs.readFileSync(path) };
}

/** Where each entry of a segment begins. */
function offsets(bytes: Buffer): number[] {
  const { entries } = parseEntries(bytes, true);
  const lengths = entries.map(({ payload }) => payload.length + 17);
  return lengths.map((_, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));
}

/** What the next process delivers of it, apart from what closes interceptions. */
async function recovered(left: string) {
  const { spool, lost, logged } = openSpool(killed(left));
  await vi.waitFor(() => expect(logged.map(({ msg }) => msg)).toContain("took over a folder of the spool"));
  const bodies = await drain(spool);
  const closing = bodies.filter(
    ({ value }) =>
      ("errorType" in value && value.errorType === "gateway_crashed") ||
      ("source" in value && value.source === 3),
  );
  await spool.close();
  return {
    ids: bodies.filter((body) => !closing.includes(body)).map(({ value }) => value.id),
    closing: closing.length,
    lost: lost.reduce((sum, records) => sum + records, 0),
    messages: logged.map(({ msg }) => msg),
  };
}

test("a last write that was cut off at any byte costs only itself", async () => {
  const { left, path, ids, bytes } = await writtenSpool(6);
  const last = offsets(bytes).at(-1) as number;
  for (let length = last; length < bytes.length; length++) {
    fs.writeFileSync(path, bytes.subarray(0, length));
    const result = await recovered(left);
    expect(result.ids, `cut at ${length}`).toEqual(ids.slice(0, -1));
    expect(result.closing).toBe(2);
    expect(result.lost, `cut at ${length}`).toBe(length === last ? 0 : 1);
    expect(result.messages.includes("the last write to the spool was cut off")).toBe(length > last);
  }
});

test("a file that is longer than what was written to it lost nothing", async () => {
  const { left, path, ids, bytes } = await writtenSpool(6);
  fs.writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(4096)]));
  expect(await recovered(left)).toMatchObject({ ids, lost: 0, closing: 0 });
});

test("one wrong byte anywhere in an entry costs only that entry, is counted, and is logged with its place", async () => {
  const { left, path, ids, bytes } = await writtenSpool(6);
  const starts = offsets(bytes);
  // The third record: the end of the first interception. The entry before all records is the checkpoint.
  const [from, to] = [starts[3] as number, starts[4] as number];
  for (let at = from; at < to; at++) {
    const wrong = Buffer.from(bytes);
    wrong.writeUInt8(wrong.readUInt8(at) ^ 0x55, at);
    fs.writeFileSync(path, wrong);
    const result = await recovered(left);
    expect(result.ids, `wrong at ${at}`).toEqual(ids.toSpliced(2, 1));
    expect(result.lost, `wrong at ${at}`).toBe(1);
    expect(result.messages).toContain("a part of the spool cannot be read");
    // The interception whose end is gone is closed anew.
    expect(result.closing).toBe(2);
  }
});

test("a segment that begins with damage, or is empty, costs only what is damaged", async () => {
  const { left, path, ids, bytes } = await writtenSpool(6);
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(0, 0);
  fs.writeFileSync(path, wrong);
  expect(await recovered(left)).toMatchObject({ ids, lost: 0, closing: 0 });
  fs.writeFileSync(path, "");
  expect(await recovered(left)).toMatchObject({ ids: [], lost: 0, closing: 0 });
});

test("a segment in the middle that is gone is counted by what it held", async () => {
  const root = useFolder();
  const { spool } = openSpool(root, { maxBytes: () => mib });
  const id = uuidv7();
  spool.begin(start(id));
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    const record = thought(id, "x".repeat(20_000));
    spool.append(record);
    spool.flush();
    ids.push(record.id);
  }
  const left = killed(root);
  const [, middle] = segments(left) as [string, string];
  const held = parseEntries(fs.readFileSync(middle), true).entries.length - 1;
  expect(held).toBeGreaterThan(1);
  fs.rmSync(middle);
  const result = await recovered(left);
  expect(result.lost).toBe(held);
  expect(result.ids.length).toBe(1 + ids.length - held);
});

test("an entry inside the text of a damaged one is not taken for one", () => {
  // No byte of UTF-8 text is the first byte of an entry.
  const text = Buffer.from("\u{10ffff}\u00ff\u07ff\uffff");
  expect(text.includes(0xff)).toBe(false);
  expect(parseEntries(text, true)).toMatchObject({ entries: [], damage: [[0, text.length]] });
});
