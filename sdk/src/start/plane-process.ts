import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Environment } from "@aibridge/proto/settings";

const CLI = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
/** A plane that has not stopped by then is killed. Longer than the grace time it is given. */
const STOP_TIMEOUT_MS = 15_000;
const TAIL_LINES = 15;

/** How to start a plane. */
export interface PlaneStart {
  /** Command of the `aibridge` program: "controlplane". */
  readonly command: string;
  /** Its flags. */
  readonly flags: readonly string[];
  readonly env: Environment;
  /** File its output is appended to. */
  readonly logFile: string;
}

/** A plane running as a child process. */
export class PlaneProcess {
  /** "controlplane" or "dataplane". */
  readonly command: string;
  /** Settles when the process has ended, with how: "exit code 1", "signal SIGKILL". */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #logStart: number;

  constructor({ command, flags, env, logFile }: PlaneStart) {
    this.command = command;
    this.#logFile = logFile;
    const log = openSync(logFile, "a", 0o600);
    this.#logStart = fstatSync(log).size;
    // A group of its own: Ctrl-C in a terminal reaches this process alone, which then stops the planes in order.
    this.#child = spawn(process.execPath, [CLI, command, ...flags], {
      env: { ...env },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    this.ended = endOf(this.#child);
  }

  /** The last lines the process wrote. */
  lastLines(): string {
    const written = readFileSync(this.#logFile).subarray(this.#logStart).toString("utf8");
    return written.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  }

  /** Asks the process to stop and waits for it; kills it if it does not. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return (error as Error).message;
  }
}
