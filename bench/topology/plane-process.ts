import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The command under test, as it is installed in a checkout. */
const AIBRIDGE = fileURLToPath(new URL("../../node_modules/.bin/aibridge", import.meta.url));

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 25;
/** Lines of a process's output that are shown when it fails. */
const SHOWN_LINES = 20;

/** How to start a plane. */
export interface PlaneOptions {
  /** `controlplane` or `dataplane`. */
  readonly command: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder for its output, which goes to a file so that nobody has to read a pipe. */
  readonly directory: string;
  /** Distinguishes the output files. */
  readonly name: string;
  /** Its admin listener, e.g. `http://127.0.0.1:8081`. */
  readonly adminUrl: string;
}

/** A running `aibridge controlplane` or `aibridge dataplane`. */
export class PlaneProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #kill = () => this.#process.kill("SIGKILL");

  private constructor(child: ChildProcess, pid: number) {
    this.#process = child;
    this.pid = pid;
    // Where the bench is given up, nobody is left to stop it in order.
    process.once("exit", this.#kill);
    child.once("exit", () => process.off("exit", this.#kill));
  }

  /** Starts the plane and waits until its `/readyz` says 200. Rejects with the end of its output if it does not. */
  static async start(options: PlaneOptions): Promise<PlaneProcess> {
    const logFile = join(options.directory, `${options.name}.log`);
    const log = openSync(logFile, "a");
    const child = spawn(AIBRIDGE, [options.command, ...options.flags], {
      cwd: options.directory,
      env: options.env,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    await once(child, "spawn");
    if (child.pid === undefined) throw new Error(`${options.name} has no process id`);
    const plane = new PlaneProcess(child, child.pid);
    try {
      await plane.#untilReady(`${options.adminUrl}/readyz`);
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw new Error(`${options.name}: ${(error as Error).message}\n${await lastLines(logFile)}`);
    }
    return plane;
  }

  /** Ends the process as an operator would, by SIGTERM, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    const impatience = setTimeout(this.#kill, STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(impatience);
  }

  get #ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async #untilReady(url: string): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await isReady(url))) {
      if (this.#ended) throw new Error(`it ended at start with code ${this.#process.exitCode}`);
      if (performance.now() > deadline) throw new Error(`it was not ready within ${START_TIMEOUT_MS} ms`);
      await delay(POLL_MS);
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8");
  return text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
}
