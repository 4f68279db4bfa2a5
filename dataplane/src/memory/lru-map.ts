/** A map of bounded size: the least recently used entry makes room for a new one. */
export class LruMap<Value> {
  readonly #maxEntries: number;
  readonly #dropped: ((value: Value) => void) | undefined;
  // A Map keeps insertion order: the first entry is the one that was not used for the longest time.
  readonly #entries = new Map<string, Value>();

  /** @param dropped told of each value that had to make room */
  constructor(maxEntries: number, dropped?: (value: Value) => void) {
    this.#maxEntries = maxEntries;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which now is the most recently used one. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#maxEntries) return;
    const oldest = this.#entries.entries().next();
    if (oldest.done) return;
    const [oldestKey, oldestValue] = oldest.value;
    this.#entries.delete(oldestKey);
    this.#dropped?.(oldestValue);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  [Symbol.iterator](): IterableIterator<[key: string, value: Value]> {
    return this.#entries.entries();
  }
}
