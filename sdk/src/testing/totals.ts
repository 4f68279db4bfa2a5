import { type FullUsage, fullUsage } from "./usage.ts";

/** What the provider sent in full, to be compared with what was recorded. */
export class Totals {
  readonly #usage = new Map<string, FullUsage | undefined>();
  #answers = 0;

  /** Model answers sent whole; errors, truncated and abandoned answers and failures in a stream do not count. */
  get answers(): number {
    return this.#answers;
  }

  /** The usage each of them reported, by message or response id; undefined for one without usage. */
  get usage(): ReadonlyMap<string, FullUsage | undefined> {
    return this.#usage;
  }

  /** The sum over all answers, column by column. */
  get sum(): FullUsage {
    const sum = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
    for (const usage of this.#usage.values()) {
      for (const column of columns) sum[column] += usage?.[column] ?? 0;
    }
    return fullUsage(sum);
  }

  add(answerId: string, usage: FullUsage | undefined): void {
    this.#answers += 1;
    this.#usage.set(answerId, usage);
  }
}

const columns = ["input", "output", "cacheRead", "cacheWrite", "cacheWrite5m", "cacheWrite1h"] as const;
