import { expect, test } from "vitest";
import { run } from "./run.ts";

async function approve(...args: string[]) {
  const output = { stdout: "", stderr: "" };
  const exitCode = await run(["mcp", "approve", ...args], {
    // Nobody listens there: what is refused is refused before anybody is asked.
    env: { AIBRIDGE_ADMIN_KEY: "k".repeat(32), AIBRIDGE_CONTROLPLANE: "http://127.0.0.1:1" },
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    now: () => 0,
  });
  return { exitCode, ...output };
}

test("what a script left empty approves nothing", async () => {
  for (const [args, message] of [
    [[""], "SERVER is empty"],
    [["wiki", ""], "TOOL is empty"],
    [["wiki", "read", "--sha256", ""], "--sha256: expected the 64 hexadecimal digits"],
    [["wiki", "read", "--server-url", ""], "--server-url is empty"],
  ] as const)
    expect(await approve(...args)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
});

test("a choice without a server is a mistake, not a list", async () => {
  for (const flag of [`--sha256=${"a".repeat(64)}`, "--server-url=https://wiki.example/mcp"]) {
    const { exitCode, stderr } = await approve(flag);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("SERVER is missing")]);
  }
});
