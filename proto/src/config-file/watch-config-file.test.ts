import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ConfigFile } from "./read-config-file.ts";
import { ConfigFileWatch, UnreadableConfigFile } from "./watch-config-file.ts";

const GOOD = 'providers: [{ name: one, type: openai, keys: ["k"] }]';
/** A time in which nothing is looked at by itself. */
const NEVER = 3_600_000;

function useFile(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "aibridge.yaml");
  if (text !== undefined) writeFileSync(file, text);
  return file;
}

function useWatch(text: string, pollMs = 5) {
  const file = useFile(text);
  const watch = new ConfigFileWatch({ file, env: {}, pollMs });
  const changed = vi.fn<(config: ConfigFile) => void>();
  const refused = vi.fn<(reason: Error) => void>();
  watch.start({ changed, refused });
  onTestFinished(() => watch.close());
  return { file, watch, changed, refused };
}

test("a wrong file, and one that is not there, cannot be watched", () => {
  expect(() => new ConfigFileWatch({ file: useFile(), env: {} })).toThrow(UnreadableConfigFile);
  const wrong = useFile("providers: 7");
  expect(() => new ConfigFileWatch({ file: wrong, env: {} })).toThrow(/aibridge\.yaml:1: providers/);
});

test("a refused content is told once; the next good one is taken", async () => {
  const { file, watch, changed, refused } = useWatch(GOOD);
  writeFileSync(file, "nonsense: 1");
  await vi.waitUntil(() => refused.mock.calls.length > 0);
  expect(watch.current.config.providers).toHaveLength(1);
  writeFileSync(file, "providers: []");
  await vi.waitUntil(() => changed.mock.calls.length > 0);
  expect(refused).toHaveBeenCalledOnce();
  expect(watch.current.config.providers).toHaveLength(0);
});

test("a file that vanishes is told once and keeps the last good content", async () => {
  const { file, watch, changed, refused } = useWatch(GOOD);
  rmSync(file);
  await vi.waitUntil(() => refused.mock.calls.length > 0);
  expect(refused.mock.calls[0]?.[0].message).toMatch(/aibridge\.yaml cannot be read \(ENOENT\)/);
  expect(watch.current.config.providers).toHaveLength(1);
  writeFileSync(file, GOOD.replace("one", "two"));
  await vi.waitUntil(() => changed.mock.calls.length > 0);
  expect(refused).toHaveBeenCalledOnce();
  expect(watch.current.config.providers[0]?.name).toBe("two");
});

test("rereading takes a change at once, tells of a wrong one each time, and of an unchanged one never", async () => {
  const { file, watch, changed, refused } = useWatch(GOOD, NEVER);
  await watch.reread();
  expect([changed.mock.calls.length, refused.mock.calls.length]).toEqual([0, 0]);
  writeFileSync(file, "nonsense: 1");
  await watch.reread();
  await watch.reread();
  expect([changed.mock.calls.length, refused.mock.calls.length]).toEqual([0, 2]);
  writeFileSync(file, GOOD.replace("one", "two"));
  await watch.reread();
  expect([changed.mock.calls.length, refused.mock.calls.length]).toEqual([1, 2]);
  expect(watch.current.config.providers[0]?.name).toBe("two");
});
