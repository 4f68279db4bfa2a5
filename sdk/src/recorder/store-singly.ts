import type { CallHost } from "./call-host.ts";
import type { RecordBody } from "./record-body.ts";
import { callRecorderFunction, functionName, type RecorderFunctions } from "./recorder-functions.ts";

/** Stores one record: resolves once it is durable, rejects with whatever the host's function threw. */
export type StoreRecord = (record: RecordBody) => Promise<void>;

/** Stores records one by one, at most `concurrency` of them at once; the others wait for their turn, in order. */
export function storeSingly(
  recorder: RecorderFunctions,
  callHost: CallHost,
  concurrency: number,
): StoreRecord {
  const waiting: (() => void)[] = [];
  let free = concurrency;
  const takePlace = (): Promise<void> | void => {
    if (free === 0) {
      return new Promise((resolve) => waiting.push(resolve));
    }
    free -= 1;
  };
  const leavePlace = () => {
    const next = waiting.shift();
    if (next === undefined) {
      free += 1;
    } else {
      next();
    }
  };
  return async (record) => {
    await takePlace();
    try {
      await callHost(functionName(record.case), () => callRecorderFunction(recorder, record));
    } finally {
      leavePlace();
    }
  };
}
