import type { IncomingHttpHeaders } from "node:http";

/** Statuses after which the same request can succeed a moment later; 529 is Anthropic's "overloaded". */
const retriedStatuses = new Set([500, 502, 503, 504, 529]);
/** A provider that asks for a longer wait than this is taken at its word: the client gets the answer. */
const maxWaitMs = 5_000;
const firstWaitMs = 250;

/**
 * Milliseconds to wait before an answer with this status is asked for again, undefined if it is the client's to see.
 * Honours `x-should-retry` and `retry-after` (seconds; a date means no retry).
 * @param attempt failed attempts so far, 1 or more
 */
export function retryStatusAfter(
  status: number,
  headers: IncomingHttpHeaders,
  attempt: number,
): number | undefined {
  if (!retriedStatuses.has(status) || headers["x-should-retry"] === "false") return undefined;
  const asked = headers["retry-after"];
  if (asked === undefined) return jittered(attempt);
  const waitMs = Number(asked) * 1000;
  return waitMs >= 0 && waitMs <= maxWaitMs ? Math.max(waitMs, jittered(attempt)) : undefined;
}

/** Milliseconds to wait after a failure without an answer. */
export function jittered(attempt: number): number {
  return Math.min(firstWaitMs * 2 ** (attempt - 1), maxWaitMs) * (0.5 + Math.random() / 2);
}
