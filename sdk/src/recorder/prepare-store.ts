import type { CallHost } from "./call-host.ts";
import { checkRecord } from "./check-record.ts";
import type { CallOptions } from "./options.ts";
import type { HostRecorder } from "./recorder-functions.ts";
import { isStoredAlready } from "./reject-record.ts";
import { storeInBatches } from "./store-in-batches.ts";
import { type StoreRecord, storeSingly } from "./store-singly.ts";

/**
 * The one way to a host's functions: records are checked, bounded in number, and given one by one or in batches. What it
 * rejects with is a RejectRecord, or whatever the host threw.
 */
export function prepareStore(
  recorder: HostRecorder,
  callHost: CallHost,
  { concurrency = 16 }: CallOptions,
): StoreRecord {
  const store =
    "recordBatch" in recorder
      ? storeInBatches(recorder, callHost)
      : storeSingly(recorder, callHost, concurrency);
  return async (record) => {
    checkRecord(record);
    try {
      await store(record);
    } catch (error) {
      if (!isStoredAlready(error)) throw error;
    }
  };
}
