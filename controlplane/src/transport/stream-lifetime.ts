import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Changes } from "../domain/changes.ts";
import { CALLER } from "./caller.ts";

/** Says when a long-lived stream must end: at shutdown, and when the key it was opened with is revoked. */
export class StreamLifetime {
  readonly #shutdown: AbortSignal;
  readonly #changes: Changes;

  constructor(shutdown: AbortSignal, changes: Changes) {
    this.#shutdown = shutdown;
    this.#changes = changes;
  }

  /**
   * Yields what `open` yields until the stream must end, then fails with the reason. The signal handed to `open` aborts
   * at that moment, or when the caller goes away, so that it can finish what it has begun.
   */
  async *during<T>(
    context: HandlerContext,
    open: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const revoked = new AbortController();
    const caller = context.values.get(CALLER);
    const unsubscribe = this.#changes.gatewayKeyRevoked.subscribe((keyId) => {
      if (caller?.kind === "gateway" && caller.key === "created" && caller.id === keyId) {
        revoked.abort(new ConnectError("the key was revoked", Code.Unauthenticated));
      }
    });
    const ended = AbortSignal.any([this.#shutdown, revoked.signal]);
    try {
      yield* open(AbortSignal.any([ended, context.signal]));
      ended.throwIfAborted();
    } finally {
      unsubscribe();
    }
  }
}

/** Reads `source` until it ends or the signal aborts; a read that is under way then is given up. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const reader = source[Symbol.asyncIterator]();
  while (!signal.aborted) {
    const result = await orAborted(reader.next(), signal);
    if (result === undefined || result.done === true) {
      return;
    }
    yield result.value;
  }
}

/** Undefined if the signal aborts first. Each call takes its listener away again: streams live for days. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
