import { expect, test } from "vitest";
import type { CliContext } from "./context.ts";
import { planeCommand } from "./planes.ts";

function contextWithOutput() {
  const output = { stderr: "" };
  const context: CliContext = {
    env: {},
    stdout: { write: () => true },
    stderr: { write: (text) => (output.stderr += text) },
    now: () => 0,
  };
  return { context, output };
}

test("a plane that is not installed is named with the package to install", async () => {
  const { context, output } = contextWithOutput();
  const command = planeCommand("dataplane", "", "@aibridge/not-installed/main");
  expect(await command.run([], context)).toBe(1);
  expect(output.stderr).toBe(
    "aibridge: the dataplane is not installed here: npm install @aibridge/not-installed\n",
  );
});

test("a plane gets its arguments and environment, and its exit code is the command's", async () => {
  const { context } = contextWithOutput();
  const main =
    "data:text/javascript,export const main = async (argv, env) => argv.length + Object.keys(env).length";
  expect(await planeCommand("dataplane", "", main).run(["a", "b", "c"], context)).toBe(3);
});
