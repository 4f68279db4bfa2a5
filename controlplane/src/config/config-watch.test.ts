import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigFile } from "@aibridge/proto/config-file";
import { expect, onTestFinished, test, vi } from "vitest";
import { useFolder } from "../test-support/use-control-plane.ts";
import { ConfigWatch } from "./config-watch.ts";
import { StartError } from "./start-error.ts";

const GOOD = 'providers: [{ name: one, type: openai, keys: ["k"] }]';

function useWatch(text: string) {
  const file = join(useFolder(), "aibridge.yaml");
  writeFileSync(file, text);
  const watch = new ConfigWatch({ file, env: {}, pollMs: 5 });
  const changed = vi.fn<(config: ConfigFile) => void>();
  const refused = vi.fn<(reason: Error) => void>();
  watch.start({ changed, refused });
  onTestFinished(() => watch.close());
  return { file, watch, changed, refused };
}

test("a wrong file, and one that is not there, stop the start", () => {
  const folder = useFolder();
  const file = join(folder, "aibridge.yaml");
  expect(() => new ConfigWatch({ file, env: {}, pollMs: 5 })).toThrow(StartError);
  writeFileSync(file, "providers: 7");
  expect(() => new ConfigWatch({ file, env: {}, pollMs: 5 })).toThrow(/aibridge\.yaml:1: providers/);
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
  expect(watch.current.config.providers).toHaveLength(1);
  writeFileSync(file, GOOD.replace("one", "two"));
  await vi.waitUntil(() => changed.mock.calls.length > 0);
  expect(refused).toHaveBeenCalledOnce();
  expect(watch.current.config.providers[0]?.name).toBe("two");
});
