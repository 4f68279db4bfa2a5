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
