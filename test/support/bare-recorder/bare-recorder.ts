import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { freePort } from "../free-port.ts";

/** A recorder in a process of its own that acknowledges everything and keeps nothing; it can go away and come back. */
export class BareRecorder implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<BareRecorder> {
    const recorder = new BareRecorder(await freePort());
    await recorder.comeBack();
    return recorder;
  }

  async comeBack(): Promise<void> {
    this.#process = fork(resolve(import.meta.dirname, "serve.ts"), [String(this.#port)]);
    await once(this.#process, "message");
  }

  async goAway(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return;
    const exit = once(process, "exit");
    process.kill("SIGKILL");
    await exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goAway();
  }
}
