import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/aibridge", import.meta.url));
const execute = promisify(execFile);

function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "aibridge-bin-")));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A copy of the script far from any node_modules, with a `node` on PATH that says it is of this version. */
function farFromNode(version: string | undefined): { script: string; path: string } {
  const folder = temporaryFolder();
  const tools = join(folder, "tools");
  mkdirSync(tools);
  for (const tool of ["sh", "uname", "dirname", "readlink"]) {
    symlinkSync(`/usr/bin/${tool}`, join(tools, tool));
  }
  if (version !== undefined) {
    const major = version.replace(/^v(\d+).*/, "$1");
    const answers = `-p) echo ${major} ;; -v) echo ${version} ;; *) echo "ran $*" ;;`;
    writeFileSync(join(tools, "node"), `#!/bin/sh\ncase $1 in ${answers} esac\n`);
    chmodSync(join(tools, "node"), 0o755);
  }
  mkdirSync(join(folder, "bin"));
  copyFileSync(BIN, join(folder, "bin", "aibridge"));
  return { script: join(folder, "bin", "aibridge"), path: tools };
}

test("runs by its path and by a symbolic link, from any folder, without a new enough node on PATH", async () => {
  const folder = temporaryFolder();
  symlinkSync(BIN, join(folder, "real link"));
  symlinkSync("real link", join(folder, "aibridge"));
  const { path } = farFromNode("v20.20.0");
  for (const command of [BIN, join(folder, "aibridge"), "./aibridge"]) {
    const { stdout } = await execute(command, ["--version"], { cwd: folder, env: { PATH: path } });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});

test("the program takes the place of the shell, so that signals reach it", async () => {
  const printPid = "--import=data:text/javascript,process.stderr.write(String(process.pid))";
  const child = spawn(BIN, ["--version"], { env: { PATH: "/usr/bin:/bin", NODE_OPTIONS: printPid } });
  expect(await text(child.stderr)).toBe(String(child.pid));
});

test("arguments arrive as they are and exit codes come back", async () => {
  await expect(execute(BIN, ["no such", "*"])).rejects.toMatchObject({
    code: 2,
    stderr: 'aibridge: unknown command "no such *"; see aibridge --help\n',
  });
});

test("without the pinned Node.js a new enough node of PATH is used", async () => {
  const { script, path } = farFromNode("v24.0.0");
  const { stdout } = await execute(script, ["usage", "a b"], { env: { PATH: path } });
  expect(stdout).toMatch(/^ran .*\/src\/cli\/main\.ts usage a b\n$/);
});

test.each([
  ["v22.1.0", /^aibridge: needs Node\.js 24 or newer, but .* is version v22\.1\.0: run "npm ci"/],
  [undefined, /^aibridge: needs Node\.js 24 or newer: run "npm ci"/],
])("with node %s on PATH alone it says what to do", async (version, message) => {
  const { script, path } = farFromNode(version);
  await expect(execute(script, ["usage"], { env: { PATH: path } })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(message),
  });
});
