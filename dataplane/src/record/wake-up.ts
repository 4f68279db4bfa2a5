/** Lets one loop sleep until somebody has something for it. */
export class WakeUp {
  #wake: (() => void) | undefined;

  /** Ends the sleep, if there is one. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves at the next `wake`. */
  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Resolves at the next `wake`, or after a time. */
  async doze(ms: number): Promise<void> {
    const timer = setTimeout(() => this.wake(), ms);
    await this.sleep();
    clearTimeout(timer);
  }

  /** Runs something whose loop sleeps here, and wakes it when the signal aborts. */
  async during<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const wake = () => this.wake();
    signal.addEventListener("abort", wake, { once: true });
    try {
      return await run();
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
