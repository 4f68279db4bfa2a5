import { Code, ConnectError } from "@connectrpc/connect";

/**
 * What `work` comes to, or a ConnectError with DeadlineExceeded when that takes longer than `timeoutMs`, with Canceled
 * when the signal aborts. For functions of a host, which know neither: they run on, and their result is not looked at.
 */
export function withinTime<T>(work: Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => settle(() => reject(new ConnectError(`no answer within ${timeoutMs} ms`, Code.DeadlineExceeded))),
      timeoutMs,
    );
    const onAbort = () => settle(() => reject(new ConnectError("given up", Code.Canceled)));
    const settle = (result: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      result();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
