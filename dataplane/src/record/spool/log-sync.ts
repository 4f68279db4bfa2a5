import { Watermark } from "../watermark.ts";

export interface LogSyncOptions {
  /** Writes what is due and says up to which ordinal everything was written. */
  readonly write: () => number;
  /** Makes what was written survive a power cut. */
  readonly sync: () => Promise<void>;
  /** More survives now. */
  readonly synced: () => void;
  /** Nothing that was written since the last success is known to survive. */
  readonly failed: (error: unknown) => void;
}

/** Longest time for which written records are not synced, in milliseconds. */
const intervalMs = 50;

/** Syncs a log: soon after it was written to, or at once for those who wait. One sync serves all who came before it. */
export class LogSync {
  readonly #options: LogSyncOptions;
  readonly #synced = new Watermark();
  /** The same for those who do not wait for another try after a failure. */
  readonly #firstTry = new Watermark();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #running = false;
  #again = false;

  constructor(options: LogSyncOptions) {
    this.#options = options;
  }

  /** Ordinal before which every record survives a power cut. */
  get ordinal(): number {
    return this.#synced.value;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.now();
    }, intervalMs).unref();
  }

  /** Syncs what was written up to now. Resolves when that is done or has failed. */
  now(): Promise<void> {
    this.#again = true;
    if (!this.#running) this.#round = this.#rounds();
    return this.#round;
  }

  /** Resolves true when the records before the ordinal survive a power cut, false if the next sync fails. */
  atOnce(ordinal: number): Promise<boolean> {
    return this.#wait(this.#firstTry, ordinal);
  }

  /** Resolves when they do, however many tries it takes. */
  atLast(ordinal: number): Promise<boolean> {
    return this.#wait(this.#synced, ordinal);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.now();
    clearTimeout(this.#timer);
    this.#synced.giveUp();
    this.#firstTry.giveUp();
  }

  #wait(mark: Watermark, ordinal: number): Promise<boolean> {
    const reached = mark.wait(ordinal);
    if (ordinal > this.ordinal) void this.now();
    return reached;
  }

  async #rounds(): Promise<void> {
    this.#running = true;
    while (this.#again) {
      this.#again = false;
      try {
        const written = this.#options.write();
        await this.#options.sync();
        this.#synced.reach(written);
        this.#firstTry.reach(written);
        this.#options.synced();
      } catch (error) {
        this.#firstTry.giveUp();
        this.#options.failed(error);
      }
    }
    // In the same step as the last look at `#again`: who asks from now on starts anew.
    this.#running = false;
  }
}
