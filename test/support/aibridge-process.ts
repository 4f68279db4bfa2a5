import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { eventually } from "./eventually.ts";

const command = resolve(import.meta.dirname, "../../node_modules/.bin/aibridge");

/** A real `aibridge` child process that can be stopped, killed, frozen and started again. */
export class AibridgeProcess implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #cwd: string;
  #child: ChildProcess | undefined;
  /** Everything it printed, of all its lives. */
  output = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    this.#args = args;
    this.#env = env;
    this.#cwd = cwd;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the process is not running");
    return pid;
  }

  start(): void {
    const child = spawn(command, this.#args, {
      cwd: this.#cwd,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...this.#env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    this.#child = child;
  }

  /** Waits until an admin listener says that the process is ready. */
  async ready(adminUrl: string): Promise<void> {
    await eventually(async () => {
      if (this.#child?.exitCode !== null) throw new Error(`the process ended early:\n${this.output}`);
      const answer = await fetch(`${adminUrl}/readyz`);
      return answer.ok ? true : undefined;
    }, 20_000).catch((error: unknown) => {
      throw new Error(`not ready: ${String(error)}\n${this.output}`);
    });
  }

  /** Waits until it ends by itself. Returns the exit code, null for a death by signal. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child !== undefined && this.isRunning) await once(child, "exit");
    return child?.exitCode ?? null;
  }

  /** Sends a signal without waiting. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Sends a signal and waits for the end. Returns the exit code, null for a death by signal. */
  async stop(name: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, "exit");
    child.kill(name);
    const [code] = (await exit) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGCONT");
    await this.stop("SIGKILL");
  }
}

/** Runs an `aibridge` command to its end. */
export async function aibridge(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd: string = process.cwd(),
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
