import type { QueuedRecord, RecordQueue } from "../record-queue.ts";
import { isRecord } from "./entry.ts";
import { FileReader, type FileReaderOptions } from "./file-reader.ts";
import type { RecoveredLog } from "./recover-log.ts";
import { removeFile, type Segment } from "./segment.ts";

export type ClosedLogOptions = Pick<FileReaderOptions, "damaged" | "lost">;

/** A log that nobody writes to any more. Its records are delivered from its files, which go as they are acknowledged. */
export class ClosedLog implements RecordQueue {
  readonly #segments: Segment[];
  readonly #files: FileReader;
  readonly #end: number;
  /** Ordinals of the first record that is not acknowledged, not sent. */
  #head: number;
  #cursor: number;
  #outstanding = 0;

  constructor({ segments, head, end }: RecoveredLog, { damaged, lost }: ClosedLogOptions) {
    this.#segments = [...segments];
    this.#files = new FileReader({ segments: () => this.#segments, damaged, lost });
    this.#end = end;
    this.#head = head;
    this.#cursor = head;
  }

  get size(): number {
    return this.#end - this.#head;
  }

  /** Bytes of the files that are left. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** About when the oldest record that is not acknowledged was made, in milliseconds since the epoch. */
  get oldestMs(): number | undefined {
    return this.size === 0 ? undefined : this.#segments[0]?.begunMs;
  }

  get unsent(): number {
    return this.#end - this.#cursor;
  }

  async take(maxRecords: number, maxBytes: number): Promise<readonly QueuedRecord[]> {
    const read = await this.#files.read({ from: this.#cursor, before: this.#end }, maxRecords, maxBytes);
    if (read === undefined) return [];
    this.#cursor = read.next;
    this.#outstanding += read.entries.length;
    if (this.#outstanding === 0) this.#head = this.#cursor;
    return read.entries
      .filter(isRecord)
      .map(({ kind, ordinal, payload }) => ({ queue: this, ordinal, kind, bytes: payload }));
  }

  acknowledge(records: readonly QueuedRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#outstanding -= records.length;
    // Records that could not be read are gone over.
    this.#head = this.#outstanding === 0 ? this.#cursor : last.ordinal + 1;
  }

  rewind(): void {
    this.#cursor = this.#head;
    this.#outstanding = 0;
    this.#files.reset();
  }

  /**
   * Removes the files all of whose records are acknowledged. The last one goes last: it alone tells which interceptions
   * were open. True once none is left.
   */
  removeDelivered(): boolean {
    while (this.#isOldestDelivered() && removeFile((this.#segments[0] as Segment).path))
      this.#segments.shift();
    return this.#segments.length === 0;
  }

  close(): void {
    this.#files.reset();
  }

  #isOldestDelivered(): boolean {
    return this.#segments.length > 0 && (this.#segments[1]?.first ?? this.#end) <= this.#head;
  }
}
