import type { QueuedRecord, RecordQueue } from "../record-queue.ts";
import { isRecord } from "./entry.ts";
import { FileReader, type FileReaderOptions } from "./file-reader.ts";
import type { RecoveredLog } from "./recover-log.ts";
import type { Segment } from "./segment.ts";

export interface ClosedLogOptions extends Pick<FileReaderOptions, "damaged" | "lost"> {
  /** Removes a segment all of whose records are acknowledged. */
  readonly remove: (segment: Segment) => void;
}

/** A log that nobody writes to any more. Its records are delivered from its files, which go as they are acknowledged. */
export class ClosedLog implements RecordQueue {
  readonly #options: ClosedLogOptions;
  readonly #segments: Segment[];
  readonly #files: FileReader;
  readonly #end: number;
  /** Ordinals of the first record that is not acknowledged, not sent. */
  #head: number;
  #cursor: number;
  #outstanding = 0;

  constructor({ segments, head, end }: RecoveredLog, options: ClosedLogOptions) {
    this.#options = options;
    this.#segments = [...segments];
    const { damaged, lost } = options;
    this.#files = new FileReader({ segments: () => this.#segments, damaged, lost });
    this.#end = end;
    this.#head = head;
    this.#cursor = head;
    this.#removeAcknowledged();
  }

  get size(): number {
    return this.#end - this.#head;
  }

  /** True once everything is acknowledged and every file removed. */
  get done(): boolean {
    return this.#segments.length === 0;
  }

  /** Bytes of the files that are left. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** About when the oldest record that is not acknowledged was made, in milliseconds since the epoch. */
  get oldestMs(): number | undefined {
    return this.#segments[0]?.begunMs;
  }

  get unsent(): number {
    return this.#end - this.#cursor;
  }

  async take(maxRecords: number, maxBytes: number): Promise<readonly QueuedRecord[]> {
    const read = await this.#files.read({ from: this.#cursor, before: this.#end }, maxRecords, maxBytes);
    if (read === undefined) return [];
    this.#cursor = read.next;
    this.#outstanding += read.entries.length;
    if (this.#outstanding === 0) this.#reach(this.#cursor);
    return read.entries
      .filter(isRecord)
      .map(({ kind, ordinal, payload }) => ({ queue: this, ordinal, kind, bytes: payload }));
  }

  acknowledge(records: readonly QueuedRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#outstanding -= records.length;
    // Records that could not be read are gone over.
    this.#reach(this.#outstanding === 0 ? this.#cursor : last.ordinal + 1);
  }

  rewind(): void {
    this.#cursor = this.#head;
    this.#outstanding = 0;
    this.#files.reset();
  }

  close(): void {
    this.#files.reset();
  }

  #reach(head: number): void {
    this.#head = head;
    this.#removeAcknowledged();
  }

  /** The last segment goes last: it alone tells which interceptions were open. */
  #removeAcknowledged(): void {
    while (this.#segments.length > 0 && (this.#segments[1]?.first ?? this.#end) <= this.#head)
      this.#options.remove(this.#segments.shift() as Segment);
  }
}
