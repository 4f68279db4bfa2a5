import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "./eventually.ts";
import type { HostCommand } from "./language-hosts.ts";

/** How long a host may take to serve on a machine that is busy, in milliseconds. */
const START_TIMEOUT_MS = 30_000;

/** An example host as a real process. */
export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #output = "";

  /** @param database path of its SQLite file */
  constructor({ file, args, env }: HostCommand, database: string, gatewayKey: string) {
    const flags = ["--listen", "127.0.0.1:0", "--database", database];
    this.#child = spawn(file, [...args, ...flags], {
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", AIBRIDGE_GATEWAY_KEY: gatewayKey, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Where it serves, once it does. */
  async url(): Promise<string> {
    const address = await eventually(() => {
      const [, found] = /^recorder serves on (\S+)$/m.exec(this.#output) ?? [];
      return found;
    }, START_TIMEOUT_MS).catch(() => {
      throw new Error(`the host does not serve:\n${this.#output}`);
    });
    return `http://${address}`;
  }

  /** Stops it in order. Returns its exit code. */
  async stop(): Promise<number | null> {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code] = (await exit) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
