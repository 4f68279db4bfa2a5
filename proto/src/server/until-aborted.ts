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
