import type { ScriptedProvider } from "../testing/index.ts";

/** The scripted provider, loaded only where it is needed. */
export class SimulatedProvider implements AsyncDisposable {
  #provider: ScriptedProvider | undefined;

  get isRunning(): boolean {
    return this.#provider !== undefined;
  }

  /** Starts it on a free port. @returns its origin */
  async start(): Promise<string> {
    const { startScriptedProvider } = await import("../testing/index.ts");
    // A demo may run for days: it need not remember what it was asked.
    this.#provider = await startScriptedProvider({ keepRequests: 100 });
    return this.#provider.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#provider?.[Symbol.asyncDispose]();
  }
}
