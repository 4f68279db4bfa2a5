import type { Http2Session } from "node:http2";

/** How often a peer is pinged, and how long it may take to answer; milliseconds. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;

/**
 * Pings the peer of an HTTP/2 session and destroys the session when it does not answer. Without this a peer that has
 * vanished without a word (a pulled cable, a frozen machine) would hold its streams open for ever.
 */
export function watchPeer(
  session: Http2Session,
  { intervalMs, timeoutMs }: { intervalMs: number; timeoutMs: number } = {
    intervalMs: PING_INTERVAL_MS,
    timeoutMs: PING_TIMEOUT_MS,
  },
): void {
  let deadline: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (session.destroyed || deadline !== undefined) {
      return;
    }
    deadline = setTimeout(() => session.destroy(), timeoutMs);
    session.ping((error) => {
      clearTimeout(deadline);
      deadline = undefined;
      if (error !== null) {
        session.destroy();
      }
    });
  }, intervalMs);
  session.once("close", () => {
    clearInterval(timer);
    clearTimeout(deadline);
  });
  // A connection that breaks ends its session; its calls learn it by their own signals.
  session.on("error", () => undefined);
}
