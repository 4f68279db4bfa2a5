import type { CallHost } from "./call-host.ts";
import type { RecordBody } from "./record-body.ts";
import type { BatchRecorder } from "./recorder-functions.ts";
import { isStoredAlready, rejectionOf } from "./reject-record.ts";
import type { StoreRecord } from "./store-singly.ts";

/** Most records of one batch: bounds how long a transaction keeps everything else waiting. */
const MAX_BATCH_RECORDS = 1024;

interface Waiting {
  readonly record: RecordBody;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Stores records in batches, one after the other. Whatever comes while one is under way, by any call or stream, goes into
 * the next one together.
 */
export function storeInBatches(recorder: BatchRecorder, callHost: CallHost): StoreRecord {
  const waiting: Waiting[] = [];
  let running = false;

  /** Settles all of them; does not throw. */
  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      await callHost("recordBatch", () => recorder.recordBatch(batch.map(({ record }) => record)));
    } catch (error) {
      await settleFailed(batch, error);
      return;
    }
    for (const { resolve } of batch) resolve();
  }

  /**
   * One record that is refused, or is there already, must not keep the others from being stored, as nothing of a failed
   * batch is: it is found by halving.
   */
  async function settleFailed(batch: readonly Waiting[], error: unknown): Promise<void> {
    const concernsOne = rejectionOf(error) !== undefined || isStoredAlready(error);
    if (batch.length === 1 || !concernsOne) {
      for (const { reject } of batch) reject(error);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    await settle(batch.slice(0, middle));
    await settle(batch.slice(middle));
  }

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      // One turn of the event loop lets everything that has already arrived join in.
      await new Promise((resolve) => setImmediate(resolve));
      await settle(waiting.splice(0, MAX_BATCH_RECORDS));
    }
    running = false;
  }

  return (record) =>
    new Promise((resolve, reject) => {
      waiting.push({ record, resolve, reject });
      if (!running) void run();
    });
}
