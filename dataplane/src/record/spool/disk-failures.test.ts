import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { uuidv7 } from "@aibridge/proto/channel";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
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

afterEach(() => vi.restoreAllMocks());

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}

/** Lets every write to a segment file fail until the mock is restored. */
function failWrites(code: string) {
  return vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw failure(code);
  });
}

/** Lets files stay where they are until the mock is restored. */
function failRemoval(code: string, suffix = "") {
  const { rmSync } = fs;
  return vi.spyOn(fs, "rmSync").mockImplementation((path, options) => {
    if (String(path).endsWith(suffix)) throw failure(code);
    rmSync(path, options);
  });
}

test.each([
  ["EIO", "spool_unavailable"],
  ["EROFS", "spool_unavailable"],
  ["ENOSPC", "spool_full"],
  ["EDQUOT", "spool_full"],
])(
  "while writing fails with %s starts are refused; what was begun is kept, and all is well afterwards",
  async (code, refusal) => {
    const root = useFolder();
    const { spool, logged } = openSpool(root);
    const [open, refused] = [uuidv7(), uuidv7()];
    expect(spool.begin(start(open))).toBeUndefined();
    const failing = failWrites(code);
    expect(spool.begin(start(refused))).toMatchObject({ code: refusal });
    expect(spool.unavailable()).toContain(code);
    expect(spool.append(thought(open))).toBeUndefined();
    expect(spool.append(end(open))).toBeUndefined();
    spool.flush();
    expect(spool.begin(start(refused))).toMatchObject({ code: refusal });
    failing.mockRestore();
    await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined(), 5_000);
    expect(spool.begin(start(uuidv7()))).toBeUndefined();
    expect(logged.filter(({ msg }) => msg === "the spool cannot be written")).toHaveLength(1);
    const next = openSpool(killed(root));
    await vi.waitFor(() => expect(next.spool.size).toBe(4 + 2));
    const kinds = (await drain(next.spool)).map((body) => body.case);
    expect(kinds.slice(2)).toEqual(["interception", "modelThought", "interceptionEnded", "interception"]);
  },
);

test("records are delivered while they cannot be written", async () => {
  const { spool } = openSpool(useFolder());
  const id = uuidv7();
  spool.begin(start(id));
  failWrites("EIO");
  spool.append(thought(id));
  spool.append(end(id));
  expect(await drain(spool)).toHaveLength(3);
});

test("a segment that cannot be removed stays, with those after it, until it can be", async () => {
  const root = useFolder();
  const { spool } = openSpool(root, { maxBytes: () => mib });
  const id = uuidv7();
  spool.begin(start(id));
  spool.append(usage(id));
  spool.append(end(id));
  // A segment has 64 KiB here.
  for (let i = 0; i < 8; i++) {
    spool.append(thought(id, "x".repeat(32 * 1024)));
    spool.flush();
  }
  expect(await spool.durable()).toBe(true);
  const written = segments(root);
  expect(written.length).toBeGreaterThan(2);
  const failing = failRemoval("EROFS");
  const count = spool.size;
  expect(await drain(spool)).toHaveLength(count);
  await spool.durable();
  failing.mockRestore();
  expect(segments(root)).toEqual(written);
  expect(spool.append(thought(id))).toBeUndefined();
  await drain(spool);
  await vi.waitFor(() => expect(segments(root)).toHaveLength(1), 5_000);
  await spool.close();
  expect(fs.readdirSync(root)).toEqual([]);
});

test("the folder of another process goes when its last file can be removed", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const id = uuidv7();
  spool.begin(start(id));
  spool.append(end(id));
  spool.flush();
  const left = killed(root);
  const failing = failRemoval("EBUSY", ".log");
  const next = openSpool(left);
  await vi.waitFor(() => expect(next.spool.size).toBe(2));
  expect(await drain(next.spool)).toHaveLength(2);
  expect(next.spool.counts()).toMatchObject({ records: 0, oldestAgeSeconds: 0 });
  expect(fs.readdirSync(left)).toHaveLength(2);
  failing.mockRestore();
  next.spool.adoptFree();
  expect(fs.readdirSync(left)).toHaveLength(1);
});

test("a segment that can neither be begun nor removed is begun again", async () => {
  const { spool } = openSpool(useFolder());
  const failing = [failWrites("EIO"), failRemoval("EROFS")];
  expect(spool.begin(start(uuidv7()))).toMatchObject({ code: "spool_unavailable" });
  for (const mock of failing) mock.mockRestore();
  await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined(), 5_000);
  expect(spool.begin(start(uuidv7()))).toBeUndefined();
});

test("a folder whose interceptions cannot be ended now is taken over later", async () => {
  const [root, otherRoot] = [useFolder(), useFolder()];
  const id = uuidv7();
  openSpool(otherRoot).spool.begin(start(id));
  const { spool, logged } = openSpool(root, { maxBytes: () => 1024 * mib });
  const failing = failWrites("EIO");
  for (const size of [mib, 1024, 0]) {
    const record = thought(uuidv7(), "x".repeat(size));
    while (spool.append(record) === undefined);
  }
  fs.cpSync(otherRoot, root, { recursive: true });
  await vi.waitFor(() => {
    spool.adoptFree();
    expect(logged.map(({ msg }) => msg)).toContain("a folder of the spool cannot be taken over");
  }, 5_000);
  failing.mockRestore();
  await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined(), 5_000);
  await vi.waitFor(() => {
    spool.adoptFree();
    expect(logged.map(({ msg }) => msg)).toContain("took over a folder of the spool");
  }, 5_000);
  const ends = (await drain(spool)).filter(({ case: kind }) => kind === "interceptionEnded");
  expect(ends).toMatchObject([{ value: { interceptionId: id } }]);
});

test("a write that is cut short is taken back", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const ids = [uuidv7(), uuidv7()] as const;
  expect(spool.begin(start(ids[0]))).toBeUndefined();
  const { writeSync } = fs;
  const failing = vi.spyOn(fs, "writeSync").mockImplementation(((
    file: number,
    bytes: Buffer,
    ...rest: never[]
  ) => {
    if (bytes.length < 10) throw failure("ENOSPC");
    failing.mockImplementation(() => {
      throw failure("ENOSPC");
    });
    return writeSync(file, bytes, 0, 7, rest[2]);
  }) as typeof fs.writeSync);
  expect(spool.begin(start(ids[1]))).toMatchObject({ code: "spool_full" });
  failing.mockRestore();
  const next = openSpool(killed(root));
  await vi.waitFor(() => expect(next.spool.size).toBe(3));
  expect(next.logged.map(({ msg }) => msg)).not.toContain("the last write to the spool was cut off");
});

test("a sync that fails counts for nothing: what it may have lost is written again, and who waited is told", async () => {
  const root = useFolder();
  const { spool } = openSpool(root);
  const [safe, unsafe] = [uuidv7(), uuidv7()];
  spool.begin(start(safe));
  expect(await spool.durable()).toBe(true);
  const failing = vi.spyOn(fs, "fdatasync").mockImplementation((_, done) => done(failure("EIO")));
  spool.begin(start(unsafe));
  const written = spool.durableAtLast();
  expect(await spool.durable()).toBe(false);
  expect(spool.begin(start(uuidv7()))).toMatchObject({ code: "spool_unavailable" });
  failing.mockRestore();
  const synced = vi.spyOn(fs, "fdatasync");
  expect(await written).toBe(true);
  expect(synced).toHaveBeenCalled();
  await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined());
  // The file of the failed sync holds the record too; it counts once.
  const next = openSpool(killed(root));
  await vi.waitFor(() => expect(next.spool.size).toBe(2 + 4));
  const starts = (await drain(next.spool)).filter((body) => body.case === "interception");
  expect(starts.map(({ value }) => value.id)).toEqual([safe, unsafe]);
  expect(next.lost).toEqual([]);
});

test("a new segment is synced with its folder before anything in it counts as safe", async () => {
  const { spool } = openSpool(useFolder());
  const folder = vi.spyOn(fs, "fsync");
  spool.begin(start(uuidv7()));
  expect(await spool.durable()).toBe(true);
  expect(folder).toHaveBeenCalledTimes(1);
});

function mountSmallDisk(bytes: number): string | undefined {
  const folder = useFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
  return folder;
}

test("on a full disk starts are refused, everything that was begun is ended, and with room it works again", async (context) => {
  const root = mountSmallDisk(2 * 1024 * 1024);
  if (root === undefined) return context.skip("mounting a small disk is not allowed here");
  const { spool, lost } = openSpool(root);
  const ids: string[] = [];
  for (let i = 0; i < 100; i++) {
    const id = uuidv7();
    expect(spool.begin(start(id))).toBeUndefined();
    ids.push(id);
  }
  const filler = join(root, "filler");
  expect(() => fs.writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024, 1))).toThrow("ENOSPC");
  // The last block of the segment may have room for a while.
  await vi.waitFor(() => expect(spool.begin(start(uuidv7()))).toMatchObject({ code: "spool_full" }), {
    interval: 0,
    timeout: 5_000,
  });
  for (const id of ids) expect(spool.append(end(id))).toBeUndefined();
  spool.flush();
  const next = openSpool(killed(root));
  await vi.waitFor(() => expect(next.spool.size).toBeGreaterThanOrEqual(200));
  const ended = new Set(
    (await drain(next.spool)).flatMap(({ case: kind, value }) =>
      kind === "interceptionEnded" && value.errorType === "" ? [value.interceptionId] : [],
    ),
  );
  expect(ids.filter((id) => !ended.has(id))).toEqual([]);
  fs.rmSync(filler);
  await vi.waitFor(() => expect(spool.unavailable()).toBeUndefined(), 5_000);
  expect(spool.begin(start(uuidv7()))).toBeUndefined();
  expect(lost).toEqual([]);
});
