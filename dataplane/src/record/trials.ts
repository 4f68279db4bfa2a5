import type { QueuedRecord, RecordQueue } from "./record-queue.ts";

/** What became of the attempts to deliver one record. */
export interface Trial {
  /** True if it is stored or refused, though not acknowledged: one before it failed. It is not sent again. */
  settled: boolean;
  /** How often the recorder failed with it. */
  faults: number;
  /** How many records had passed before the first of these faults. */
  passedBefore: number;
}

/** Remembers attempts across breaks of a link, by the record's place: after a break it may be another object. */
export class Trials {
  readonly #trials = new Map<RecordQueue, Map<number, Trial>>();

  of({ queue, ordinal }: QueuedRecord): Trial {
    const trials = this.#trials.get(queue) ?? new Map<number, Trial>();
    const trial = trials.get(ordinal) ?? { settled: false, faults: 0, passedBefore: 0 };
    trials.set(ordinal, trial);
    this.#trials.set(queue, trials);
    return trial;
  }

  forget(records: readonly QueuedRecord[]): void {
    for (const { queue, ordinal } of records) {
      const trials = this.#trials.get(queue);
      trials?.delete(ordinal);
      if (trials?.size === 0) this.#trials.delete(queue);
    }
  }
}
