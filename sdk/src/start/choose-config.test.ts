import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCommandLine, UsageError } from "@aibridge/proto/settings";
import { expect, onTestFinished, test } from "vitest";
import { chooseConfig } from "./choose-config.ts";
import { startCommand, startOptions } from "./options.ts";

const neverSimulate = (): Promise<string> => Promise.reject(new Error("a simulated provider was started"));

function choose(folder: string, argv: string[], simulate = neverSimulate) {
  const line = readCommandLine(startCommand, ["--data", folder, ...argv], {});
  if (line.help) {
    throw new Error("unexpected help");
  }
  return chooseConfig(startOptions(line.values, {}), simulate);
}

function folderWith(file: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, file), text);
  return folder;
}

test("a given file is used as it is; the first provider of each kind is shown to the user", async () => {
  const folder = folderWith(
    "mine.yaml",
    `providers:
  - { name: off, type: anthropic, disabled: true }
  - { name: claude, type: anthropic }
  - { name: local, type: openai-compatible, base_url: "http://127.0.0.1:8000/v1" }
  - { name: gpt, type: openai }
`,
  );
  const file = join(folder, "mine.yaml");
  expect(await choose(folder, ["--config", file])).toEqual({
    file,
    messagesProvider: "claude",
    openaiProvider: "local",
  });
});

test("a wrong or missing file is a usage error that names it", async () => {
  const folder = folderWith("mine.yaml", "provider: []");
  const file = join(folder, "mine.yaml");
  await expect(choose(folder, ["--config", file])).rejects.toThrow(
    new UsageError(`${file}:1: provider: unknown key; did you mean providers?`),
  );
  await expect(choose(folder, ["--config", `${file}.none`])).rejects.toThrow("cannot be read (ENOENT)");
});

test("without file and keys one is written for the simulated provider", async () => {
  const folder = folderWith("unrelated", "");
  const chosen = await choose(folder, [], async () => "http://127.0.0.1:4711");
  expect(chosen).toEqual({
    file: join(folder, "aibridge.yaml"),
    messagesProvider: "simulated",
    openaiProvider: "simulated-openai",
  });
});
