import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

const binaries = join(import.meta.dirname, "../node_modules/.bin");
const runningLimit = 45_000;

export interface ClientRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command-line client headless to its end, in an empty folder and with a home of its own, so that nothing of
 * this machine's configuration is seen.
 *
 * @param homeFiles files put into the home beforehand, by path
 */
export async function runClient(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  homeFiles: Readonly<Record<string, string>> = {},
): Promise<ClientRun> {
  const home = mkdtempSync(join(tmpdir(), "aibridge-client-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const work = join(home, "work");
  mkdirSync(work);
  for (const [path, content] of Object.entries(homeFiles)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), content);
  }
  const child = spawn(join(binaries, command), args, {
    cwd: work,
    env: { PATH: searchPath, HOME: home, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: runningLimit,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

/** The Node.js that runs the tests comes first: the launchers of some clients are scripts for it. */
const searchPath = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
