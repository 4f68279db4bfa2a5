import { setImmediate, setTimeout } from "node:timers/promises";
import type { AddedRecords, RecordStore } from "../store/store.ts";
import { Failure } from "./failure.ts";
import { Gathering } from "./gathering.ts";
import type { ValidRecord } from "./records.ts";

/** Most records of one transaction: bounds how long a commit keeps everything else waiting. */
const MAX_TRANSACTION_RECORDS = 2048;

/** How often it is looked whether more has arrived, in milliseconds. */
const GATHER_MS = 2;

/** For how long a failure counts as recent, in milliseconds: data planes try again much sooner. */
const RECENT_MS = 10_000;

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
  #waitingRecords = 0;
  #running: Promise<void> | undefined;
  readonly #gathering = new Gathering();
  #failed: { readonly at: number; readonly message: string } | undefined;

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
    this.#waitingRecords += records.length;
    this.#running ??= this.#run();
    return promise;
  }

  /**
   * Rejects, saying why, when the last records could not be stored a short time ago. A disk may be too full for records
   * and still take whatever else a check would write.
   */
  async checkRecent(): Promise<void> {
    if (this.#failed !== undefined && performance.now() - this.#failed.at < RECENT_MS) {
      throw new Error(`records cannot be stored: ${this.#failed.message}`);
    }
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const began = performance.now();
      const group = this.#takeTransaction();
      await this.#commit(group);
      this.#gathering.transactionEnded(countRecords(group), began, performance.now());
    }
    this.#running = undefined;
  }

  /** Lets more join in. One turn of the event loop is enough for what has already arrived. */
  async #gather(): Promise<void> {
    await setImmediate();
    for (let before = 0; this.#gathering.goesOn(this.#waitingRecords, before, performance.now()); ) {
      before = this.#waitingRecords;
      await setTimeout(GATHER_MS);
    }
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
    const group = this.#waiting.splice(0, end);
    this.#waitingRecords -= countRecords(group);
    return group;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const records = group.flatMap((waiting) => waiting.records);
    try {
      this.#observer.stored(await this.#store.save(records));
      this.#failed = undefined;
    } catch (reason) {
      this.#failed = { at: performance.now(), message: (reason as Error).message };
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

function countRecords(group: readonly Waiting[]): number {
  return group.reduce((sum, { records }) => sum + records.length, 0);
}
