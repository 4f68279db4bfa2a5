import { fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { resolve } from "node:path";
import { uuidv7 } from "@aibridge/proto/channel";
import { expect, onTestFinished, test, vi } from "vitest";
import { drain, openSpool, start, useFolder } from "../test-support/spool-under-test.ts";
import { derivedId } from "./close-crashed.ts";

/** A process with a spool of its own in which it begins one interception. */
async function useOtherProcess(root: string) {
  const script = resolve(import.meta.dirname, "../test-support/spool-process.ts");
  const child = fork(script, [root], { execArgv: [] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [interceptionId] = (await once(child, "message")) as [string];
  const kill = async () => {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  };
  return { interceptionId, kill };
}

test("the folder of a living process is left alone; killed, its records are delivered by another", async () => {
  const root = useFolder();
  const other = await useOtherProcess(root);
  const { spool, logged } = openSpool(root);
  expect(fs.readdirSync(root)).toHaveLength(2);
  const own = uuidv7();
  expect(spool.begin(start(own))).toBeUndefined();
  expect((await drain(spool)).map(({ value }) => value.id)).toEqual([own]);
  spool.adoptFree();
  await other.kill();
  await vi.waitFor(() => {
    spool.adoptFree();
    expect(logged.map(({ msg }) => msg)).toContain("took over a folder of the spool");
  }, 5_000);
  const { interceptionId } = other;
  expect((await drain(spool)).map(({ value }) => value.id)).toEqual([
    derivedId(interceptionId, "usage"),
    derivedId(interceptionId, "end"),
    interceptionId,
  ]);
  expect(fs.readdirSync(root)).toHaveLength(1);
});

test("two spools of one process keep out of each other's folders", async () => {
  const root = useFolder();
  const [one, two] = [openSpool(root), openSpool(root)];
  one.spool.begin(start(uuidv7()));
  two.spool.begin(start(uuidv7()));
  one.spool.adoptFree();
  two.spool.adoptFree();
  expect(await drain(one.spool)).toHaveLength(1);
  expect(await drain(two.spool)).toHaveLength(1);
  expect([...one.logged, ...two.logged]).toEqual([]);
});

test("derived ids are UUIDs of version 7 with the time of the interception, always the same, one for each name", () => {
  const id = "0192d1a4-5c1e-7cc0-9abc-3e0a5b1c2d3e";
  const [end, usage] = [derivedId(id, "end"), derivedId(id, "usage")];
  expect(end).toMatch(/^0192d1a4-5c1e-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(derivedId(id, "end")).toBe(end);
  expect(new Set([end, usage, id]).size).toBe(3);
});
