import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Order, OrderResult, Ready } from "./child-channel.ts";

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * A part of the bench in a process of its own, so that its CPU time is not that of what is measured. The harness gives
 * it orders and waits for their results.
 */
export class BenchChild implements AsyncDisposable {
  readonly pid: number;
  /** Port on 127.0.0.1; 0 if it listens on none. */
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #orders = 0;

  private constructor(child: ChildProcess, pid: number, port: number) {
    this.#process = child;
    this.pid = pid;
    this.port = port;
    child.on("message", (message) => this.#settle(message as OrderResult));
    child.once("exit", (code, signal) =>
      this.#failAll(new Error(`a bench process ended (${signal ?? code})`)),
    );
  }

  /** Starts a file of bench/ and waits until it reports that it is ready. Rejects if it ends before. */
  static async start(file: string, args: readonly string[] = []): Promise<BenchChild> {
    const child = fork(new URL(`../${file}`, import.meta.url), args, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const message = await Promise.race([
      once(child, "message").then(([first]) => first as Ready),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`${file} ended at start (${code})`))),
    ]);
    if (child.pid === undefined) throw new Error(`${file} has no process id`);
    return new BenchChild(child, child.pid, message.port);
  }

  /** Gives an order and resolves with its result. Rejects with the child's reason, or when the child ends. */
  ask<Result>(order: object): Promise<Result> {
    this.#orders += 1;
    const id = this.#orders;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#process.send({ id, order } satisfies Order);
    return promise as Promise<Result>;
  }

  /** Ends the process and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  #settle(message: OrderResult): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.failure === undefined) {
      waiting?.resolve(message.result);
    } else {
      waiting?.reject(new Error(message.failure));
    }
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
