import { setImmediate } from "node:timers/promises";
import type { AddedRecords, RecordStore } from "../store/store.ts";
import { Failure } from "./failure.ts";
import type { ValidRecord } from "./records.ts";

/** Most records of one transaction: bounds how long a commit keeps everything else waiting. */
const MAX_TRANSACTION_RECORDS = 2048;

/** What happens to records on their way; for metrics and logs. */
export interface IngestObserver {
  stored(added: AddedRecords): void;
  failed(reason: unknown, records: number): void;
}

interface Waiting {
  readonly records: readonly ValidRecord[];
  readonly resolve: () => void;
  readonly reject: (reason: Failure) => void;
}

/**
 * The one way into the store. Whatever arrives, from any call or stream, while a transaction is under way goes into the
 * next one together (group commit), so the cost of syncing the disk is shared.
 */
export class Ingest {
  readonly #store: RecordStore;
  readonly #observer: IngestObserver;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(store: RecordStore, observer: IngestObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  /**
   * Resolves once the records are durable.
   * @throws Failure "unavailable" when the transaction failed: none of them is stored
   */
  save(records: readonly ValidRecord[]): Promise<void> {
    if (records.length === 0) {
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ records, resolve, reject });
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the event loop lets everything that has already arrived join in.
      await setImmediate();
      await this.#commit(this.#takeTransaction());
    }
    this.#running = undefined;
  }

  #takeTransaction(): Waiting[] {
    let count = 0;
    let end = 0;
    for (const { records } of this.#waiting) {
      count += records.length;
      if (end > 0 && count > MAX_TRANSACTION_RECORDS) {
        break;
      }
      end += 1;
    }
    return this.#waiting.splice(0, end);
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const records = group.flatMap((waiting) => waiting.records);
    try {
      this.#observer.stored(await this.#store.save(records));
    } catch (reason) {
      this.#observer.failed(reason, records.length);
      const failure = new Failure("unavailable", "the records could not be stored; send them again", {
        cause: reason,
      });
      for (const waiting of group) {
        waiting.reject(failure);
      }
      return;
    }
    for (const waiting of group) {
      waiting.resolve();
    }
  }
}
