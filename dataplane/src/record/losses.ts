import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Lines about losses are not written more often than this. */
const everyMs = 1_000;

/** Counts every record that is lost, and logs losses without flooding the log. */
export class Losses {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(log: Logger, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** @param kind a record's kind, "unknown" for records that cannot be read */
  count(kind: string, reason: string, { id, records = 1 }: { id?: string; records?: number } = {}): void {
    this.#metrics.recordsLost.inc({ kind }, records);
    const now = performance.now();
    if (now - this.#loggedAt < everyMs) {
      this.#unlogged += records;
      return;
    }
    this.#loggedAt = now;
    const since = this.#unlogged === 0 ? {} : { unloggedBefore: this.#unlogged };
    this.#unlogged = 0;
    this.#log.error({ kind, id, records, reason, ...since }, "record lost");
  }
}
