import { AsyncLocalStorage } from "node:async_hooks";
import type { FetchLike } from "@modelcontextprotocol/client";

/** Who wants to know when the stream that answers the request under way is over. */
const listener = new AsyncLocalStorage<() => void>();

/**
 * Makes requests by `fetchTellingEnds`, and is told when a stream of server-sent events that answers one of them is over,
 * cleanly or not. The client library waits on for an answer that cannot come any more.
 */
export function tellingEnds<Result>(over: () => void, request: () => Promise<Result>): Promise<Result> {
  return listener.run(over, request);
}

/** The same fetch, for requests within `tellingEnds`. */
export function fetchTellingEnds(fetch: FetchLike): FetchLike {
  return async (url, init) => {
    const response = await fetch(url, init);
    const over = listener.getStore();
    const hasEvents = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (over === undefined || init?.method !== "POST" || response.body === null || !hasEvents)
      return response;
    const { status, statusText, headers } = response;
    const Same = response.constructor as typeof Response;
    return new Same(response.body.pipeThrough(watched(over)), { status, statusText, headers });
  };
}

/** `cancel` is called for a stream that breaks as well as for one that nobody reads any more. */
function watched(over: () => void): TransformStream<Uint8Array, Uint8Array> {
  const transformer = { flush: over, cancel: over };
  return new TransformStream<Uint8Array, Uint8Array>(transformer);
}
