/** What was read last: an item, the end, or a failure. */
type Read<T> = { readonly item: T } | { readonly failed: unknown } | "end";

/**
 * Starts work for the items of `source` and yields the results in the order of the items. At most `window` are under way;
 * beyond, nothing more is read. A failure, of the work or of the source, ends it after the results before it.
 */
export async function* orderedWindow<T, R>(
  source: AsyncIterable<T>,
  window: number,
  start: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const reader = source[Symbol.asyncIterator]();
  const underWay: Promise<R>[] = [];
  let reading: Promise<Read<T>> | undefined = read(reader);
  let end: Exclude<Read<T>, { item: T }> | undefined;
  while (end === undefined || underWay.length > 0) {
    const mayRead = underWay.length < window ? reading : undefined;
    const next = await Promise.race(defined([mayRead, underWay[0]?.then(() => undefined)]));
    if (next === undefined) {
      yield (await underWay.shift()) as R;
    } else if (next !== "end" && "item" in next) {
      underWay.push(handled(start(next.item)));
      reading = read(reader);
    } else {
      end = next;
      reading = undefined;
    }
  }
  if (end !== "end") throw end.failed;
}

function read<T>(reader: AsyncIterator<T>): Promise<Read<T>> {
  return reader.next().then(
    (result) => (result.done === true ? "end" : { item: result.value }),
    (failed: unknown) => ({ failed }),
  );
}

/** A promise whose failure is looked at when its turn comes, or never when another failure came first. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function defined<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}
