import type { Entry } from "./entry.ts";
import { LogReader, type LogReaderOptions } from "./log-reader.ts";
import type { DamagedExtent } from "./read-entries.ts";

export interface FileReaderOptions extends Pick<LogReaderOptions, "segments" | "damaged"> {
  /** Told how many records are missing. */
  readonly lost: (records: number) => void;
}

/** Reads a log's records back for delivery, which may go back to the oldest unacknowledged one at any time. */
export class FileReader {
  readonly #options: FileReaderOptions;
  #reader: LogReader | undefined;
  /** What was told, so that reading it again tells nothing. */
  readonly #toldDamage = new Set<string>();
  #toldLossesTo = 0;

  constructor(options: FileReaderOptions) {
    this.#options = options;
  }

  /**
   * The next records.
   * @param from ordinal of the first one
   * @param before ordinal at which to stop; all records up to it were written
   * @returns them, with the ordinal at which to go on; undefined if `reset` came in between
   * @throws Error of node:fs
   */
  async read(
    { from, before }: { readonly from: number; readonly before: number },
    maxRecords: number,
    maxBytes: number,
  ): Promise<{ readonly entries: readonly Entry[]; readonly next: number } | undefined> {
    if (this.#reader?.next !== from) this.reset();
    this.#reader ??= new LogReader(
      {
        segments: this.#options.segments,
        damaged: (extent) => this.#damaged(extent),
        lost: (first, next) => this.#lost(first, next),
      },
      from,
    );
    const reader = this.#reader;
    const entries = await reader.read(before, maxRecords, maxBytes);
    if (reader !== this.#reader) return undefined;
    // What was written and is not there any more is lost.
    if (entries.length === 0) reader.skipTo(before);
    return { entries, next: reader.next };
  }

  reset(): void {
    void this.#reader?.close();
    this.#reader = undefined;
  }

  #damaged(extent: DamagedExtent): void {
    const place = `${extent.path}:${extent.offset}`;
    if (this.#toldDamage.has(place)) return;
    this.#toldDamage.add(place);
    this.#options.damaged(extent);
  }

  #lost(first: number, next: number): void {
    const from = Math.max(first, this.#toldLossesTo);
    if (next <= from) return;
    this.#toldLossesTo = next;
    this.#options.lost(next - from);
  }
}
