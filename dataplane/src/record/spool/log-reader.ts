import { type Entry, isRecord } from "./entry.ts";
import { type DamagedExtent, readEntries } from "./read-entries.ts";
import type { Segment } from "./segment.ts";

export interface LogReaderOptions {
  /** The segments that are left of the log, oldest first, as they are now. */
  readonly segments: () => readonly Segment[];
  /** Told of what cannot be read. */
  readonly damaged: (extent: DamagedExtent) => void;
  /** Told of missing records: those from one ordinal up to another. */
  readonly lost: (from: number, to: number) => void;
}

/** What is wrong with the process and not with the file: reading is tried again. */
const passing = new Set(["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"]);

/** Reads the records of a log from its files, in order, each once. Memory: about one read of a file. */
export class LogReader {
  readonly #options: LogReaderOptions;
  /** Ordinal of the next record. */
  #next: number;
  #segment: Segment | undefined;
  /** Bytes of that segment that were read or are being read. */
  #offset = 0;
  #entries: AsyncGenerator<readonly Entry[]> | undefined;
  /** Entries that were read and not handed out, from `#at` on. */
  #batch: readonly Entry[] = [];
  #at = 0;

  /** @param from ordinal of the first record that is wanted */
  constructor(options: LogReaderOptions, from: number) {
    this.#options = options;
    this.#next = from;
  }

  /** Ordinal of the next record. */
  get next(): number {
    return this.#next;
  }

  /**
   * The next records, up to the bounds (at least one if there are any).
   * @param before ordinal at which to stop
   * @throws Error of node:fs
   */
  async read(before: number, maxRecords: number, maxBytes: number): Promise<Entry[]> {
    const records: Entry[] = [];
    let bytes = 0;
    while (records.length < maxRecords && this.#next < before) {
      const entry = this.#batch[this.#at];
      if (entry === undefined) {
        // What was read so far goes out before the next read is waited for.
        if (records.length > 0 || !(await this.#fill())) break;
        continue;
      }
      if (isRecord(entry) && entry.ordinal >= this.#next) {
        if (entry.ordinal >= before) break;
        if (records.length > 0 && bytes + entry.payload.length > maxBytes) break;
        this.#jumpTo(entry.ordinal);
        this.#next++;
        bytes += entry.payload.length;
        records.push(entry);
      }
      this.#at++;
    }
    return records;
  }

  /** Goes over records that cannot be read, up to an ordinal. */
  skipTo(ordinal: number): void {
    this.#jumpTo(ordinal);
  }

  async close(): Promise<void> {
    await this.#entries?.return(undefined);
  }

  #jumpTo(ordinal: number): void {
    if (ordinal > this.#next) this.#options.lost(this.#next, ordinal);
    this.#next = Math.max(this.#next, ordinal);
  }

  /** Reads on. False if there is nothing more. */
  async #fill(): Promise<boolean> {
    for (;;) {
      const batch = await this.#readOn();
      if (batch !== undefined) {
        this.#batch = batch;
        this.#at = 0;
        return true;
      }
      if (!this.#open()) return false;
    }
  }

  /** Reads on in the current segment; undefined at its end. One that is gone or unreadable ends at once. */
  async #readOn(): Promise<readonly Entry[] | undefined> {
    try {
      const read = await this.#entries?.next();
      return read?.done === false ? read.value : undefined;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (this.#segment === undefined || passing.has(code)) throw error;
      this.#options.damaged({ path: this.#segment.path, offset: 0, bytes: this.#segment.bytes });
      return undefined;
    }
  }

  /** Goes on with what was added to the current segment, else with the next one. */
  #open(): boolean {
    const current = this.#segment;
    if (current === undefined || current.bytes <= this.#offset) {
      const next = this.#following();
      if (next === undefined) return false;
      this.#segment = next;
      this.#offset = 0;
    }
    const { path, bytes } = this.#segment as Segment;
    this.#entries = readEntries({ path, offset: this.#offset, end: bytes }, this.#options.damaged);
    this.#offset = bytes;
    return true;
  }

  /** The segment after the current one, which may have been removed meanwhile, with all before it. */
  #following(): Segment | undefined {
    const segments = this.#options.segments();
    if (this.#segment !== undefined) return segments[segments.indexOf(this.#segment) + 1];
    return segments.findLast(({ first }) => first <= this.#next) ?? segments[0];
  }
}
