import type { CallOptions } from "./options.ts";
import { isStoredAlready, rejectionOf } from "./reject-record.ts";

/** Calls a function of the host by its name; rejects with what it threw, or when it takes too long. */
export type CallHost = <T>(name: string, work: () => Promise<T> | T) => Promise<T>;

/** Bounds the time of the host's functions and tells of their failures; a rejection is an answer, no failure. */
export function hostCaller({ timeoutMs = 10_000, onFailure }: CallOptions): CallHost {
  return async (name, work) => {
    try {
      return await withinTime((async () => work())(), timeoutMs);
    } catch (error) {
      if (rejectionOf(error) === undefined && !isStoredAlready(error)) {
        onFailure?.(error, name);
      }
      throw error;
    }
  };
}

/** What `work` comes to, or an error when that takes too long. The work runs on, and its result is not looked at. */
async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it did not resolve within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
