import { recordIds } from "../decode-record.ts";
import type { QueuedRecord, RecordQueue } from "../record-queue.ts";
import type { EncodedRecord } from "../record-store.ts";
import { writeAcknowledged, writeCheckpoint } from "./checkpoint.ts";
import { type EntryKind, entryBytes, isRecord, writeEntry } from "./entry.ts";
import { FileReader, type FileReaderOptions } from "./file-reader.ts";
import { LogSync } from "./log-sync.ts";
import { LogWriter } from "./log-writer.ts";
import { OpenInterceptions } from "./open-interceptions.ts";
import { Tail } from "./tail.ts";
import { uuidTimeMs } from "./uuid-time.ts";

export interface OwnLogOptions extends Pick<FileReaderOptions, "damaged" | "lost"> {
  /** Its folder; no other log is in it. */
  readonly folder: string;
  /** Bytes at which a new segment is begun, as it is now. */
  readonly segmentBytes: () => number;
  /** A write failed, or what failed works again. */
  readonly broke: (error: unknown) => void;
}

/** Memory for records that are on disk too. */
const tailBytes = 4 * 1024 * 1024;
/** Memory for records that are not, or may not be, because writing fails or takes long. */
const maxTailBytes = 64 * 1024 * 1024;
/** Most bytes of one write. */
const writeBytes = 1024 * 1024;

const nothing = Buffer.alloc(0);

/**
 * The log that this process writes: append-only segment files, with the newest records in memory too. A record is kept
 * in memory until it is known to survive a power cut, so that what a failed sync may have lost is written again.
 */
export class OwnLog implements RecordQueue {
  readonly #options: OwnLogOptions;
  readonly #writer: LogWriter;
  readonly #sync: LogSync;
  readonly #files: FileReader;
  readonly #tail = new Tail();
  readonly #open = new OpenInterceptions();
  /** Ordinals: of the first record that is not written, not acknowledged, not sent. */
  #written = 0;
  #head = 0;
  #cursor = 0;
  /** Records that were taken and are not acknowledged. */
  #outstanding = 0;
  /** The `#head` that the files tell of. */
  #notedHead = 0;
  /** Bytes of entries that are not written. */
  #unwrittenBytes = 0;
  /** True if the current segment cannot be trusted, because a sync failed. */
  #mustRotate = false;
  #closed = false;
  #flushDue: NodeJS.Immediate | undefined;

  constructor(options: OwnLogOptions) {
    this.#options = options;
    this.#writer = new LogWriter(options.folder);
    const { damaged, lost } = options;
    this.#files = new FileReader({ segments: () => this.#writer.segments, damaged, lost });
    this.#sync = new LogSync({
      write: () => this.#writeBeforeSync(),
      sync: () => this.#writer.sync(),
      synced: () => this.#forget(),
      failed: (error) => this.#syncFailed(error),
    });
  }

  get size(): number {
    return this.#tail.next - this.#head;
  }

  /** Number of records ever taken. */
  get added(): number {
    return this.#tail.next;
  }

  /** How many of them, from the first on, are acknowledged. */
  get removed(): number {
    return this.#head;
  }

  /** Interceptions with a start and without an end. */
  get open(): OpenInterceptions {
    return this.#open;
  }

  /** Bytes of its files, and those that will be written. */
  get bytes(): number {
    return this.#writer.bytes + this.#unwrittenBytes;
  }

  /** About when the oldest record that is not acknowledged was made, in milliseconds since the epoch. */
  get oldestMs(): number | undefined {
    if (this.size === 0) return undefined;
    const oldest = this.#tail.get(this.#head);
    return oldest === undefined ? this.#writer.segments[0]?.begunMs : uuidTimeMs(idsOf(oldest).id);
  }

  /** Takes a record and writes it, with all before it. @throws Error of node:fs; it was not taken then */
  write(record: EncodedRecord): void {
    this.#push(record);
    try {
      this.writeOut();
    } catch (error) {
      this.#pop(record);
      throw error;
    }
  }

  /** Takes a record and writes it at the end of this turn of the event loop at the latest. False if there is no room. */
  append(record: EncodedRecord): boolean {
    if (this.#closed) return false;
    if (this.#tail.bytes + record.bytes.length > maxTailBytes) {
      this.#trim();
      if (this.#tail.bytes + record.bytes.length > maxTailBytes) return false;
    }
    this.#push(record);
    this.#flushDue ??= setImmediate(() => this.flush());
    return true;
  }

  /** Writes what is not written yet. */
  flush(): void {
    if (this.#flushDue !== undefined) clearImmediate(this.#flushDue);
    this.#flushDue = undefined;
    if (this.#written === this.#tail.next) return;
    try {
      this.writeOut();
    } catch (error) {
      this.#options.broke(error);
    }
  }

  /**
   * Writes what is not written yet.
   * @param noteHead write in any case, and say how far records are acknowledged
   * @throws Error of node:fs
   */
  writeOut(noteHead = false): void {
    let noteDue = noteHead;
    while (noteDue || this.#written < this.#tail.next) {
      this.#rotateIfDue();
      const upTo = this.#endOfWrite();
      this.#writer.write(this.#encode(upTo, noteDue));
      this.#noteWritten(upTo, noteDue);
      noteDue = false;
      this.#sync.soon();
    }
    if (this.#tail.bytes > tailBytes) this.#trim();
  }

  /** Resolves true once what was taken so far survives a power cut, false if that failed. */
  durable(): Promise<boolean> {
    return this.#sync.atOnce(this.#tail.next);
  }

  /** The same, trying until it succeeds. */
  durableAtLast(): Promise<boolean> {
    return this.#sync.atLast(this.#tail.next);
  }

  /** Writes what is due and syncs it. Resolves true if that worked. */
  async probe(): Promise<boolean> {
    try {
      this.writeOut(true);
    } catch (error) {
      this.#options.broke(error);
      return false;
    }
    await this.#sync.now();
    return !this.#mustRotate;
  }

  get unsent(): number {
    return this.#tail.next - this.#cursor;
  }

  take(maxRecords: number, maxBytes: number): readonly QueuedRecord[] | Promise<readonly QueuedRecord[]> {
    if (this.#cursor < this.#tail.first) return this.#takeFromFiles(maxRecords, maxBytes);
    const records: QueuedRecord[] = [];
    let bytes = 0;
    while (records.length < maxRecords) {
      const record = this.#tail.get(this.#cursor);
      if (record === undefined || (records.length > 0 && bytes + record.bytes.length > maxBytes)) break;
      bytes += record.bytes.length;
      records.push(record);
      this.#cursor++;
    }
    this.#outstanding += records.length;
    return records;
  }

  acknowledge(records: readonly QueuedRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#outstanding -= records.length;
    // Records that could not be read are gone over.
    this.#head = this.#outstanding === 0 ? this.#cursor : last.ordinal + 1;
    this.#forget();
    this.#sync.soon();
  }

  rewind(): void {
    this.#cursor = this.#head;
    this.#outstanding = 0;
    this.#files.reset();
  }

  /** Makes everything durable that can be; removes the files if nothing is left to deliver. */
  async close(): Promise<void> {
    this.flush();
    this.#closed = true;
    await this.#sync.close();
    this.#files.reset();
    if (this.size === 0 && this.#open.size === 0) this.#writer.removeAll();
    else this.#writer.close();
  }

  #push({ kind, interceptionId, bytes }: EncodedRecord): void {
    this.#tail.push({ queue: this, ordinal: this.#tail.next, kind, bytes });
    this.#unwrittenBytes += entryBytes(bytes.length);
    this.#open.note(kind, interceptionId);
  }

  /** Takes back the start that was pushed last. */
  #pop({ interceptionId, bytes }: EncodedRecord): void {
    this.#tail.pop();
    this.#unwrittenBytes -= entryBytes(bytes.length);
    this.#open.takeBack("interception", interceptionId);
  }

  async #takeFromFiles(maxRecords: number, maxBytes: number): Promise<readonly QueuedRecord[]> {
    const part = { from: this.#cursor, before: this.#tail.first };
    const read = await this.#files.read(part, maxRecords, maxBytes);
    if (read === undefined) return [];
    this.#cursor = read.next;
    this.#outstanding += read.entries.length;
    return read.entries.filter(isRecord).map(({ kind, ordinal, payload }) => ({
      queue: this,
      ordinal,
      kind,
      bytes: payload,
    }));
  }

  #rotateIfDue(): void {
    const isDue = this.#mustRotate || this.#writer.activeBytes >= this.#options.segmentBytes();
    if (!isDue && this.#writer.segments.length > 0) return;
    const begunMs = Date.now();
    const payload = writeCheckpoint({
      begunMs,
      acknowledged: this.#head,
      open: this.#openWhenWritten().list(),
    });
    const checkpoint = encodeEntry("checkpoint", this.#written, payload);
    this.#writer.rotate({ first: this.#written, begunMs }, checkpoint);
    if (this.#mustRotate) this.#writer.removeFrom(this.#written);
    this.#mustRotate = false;
    this.#notedHead = this.#head;
  }

  /** The interceptions that are open by what is written, which may be less than what was taken. */
  #openWhenWritten(): OpenInterceptions {
    const open = new OpenInterceptions(this.#open.list());
    for (let ordinal = this.#tail.next - 1; ordinal >= this.#written; ordinal--) {
      const record = this.#tail.get(ordinal) as QueuedRecord;
      open.takeBack(record.kind, idsOf(record).interceptionId);
    }
    return open;
  }

  #endOfWrite(): number {
    let bytes = 0;
    let ordinal = this.#written;
    while (ordinal < this.#tail.next && bytes < writeBytes)
      bytes += this.#tail.get(ordinal++)?.bytes.length ?? 0;
    return ordinal;
  }

  /** The entries of the records from `#written` up to an ordinal. */
  #encode(upTo: number, noteHead: boolean): Buffer {
    const noted = noteHead ? writeAcknowledged(this.#head) : nothing;
    let size = noteHead ? entryBytes(noted.length) : 0;
    for (let ordinal = this.#written; ordinal < upTo; ordinal++)
      size += entryBytes((this.#tail.get(ordinal) as QueuedRecord).bytes.length);
    const target = Buffer.allocUnsafe(size);
    let at = 0;
    for (let ordinal = this.#written; ordinal < upTo; ordinal++) {
      const { kind, bytes } = this.#tail.get(ordinal) as QueuedRecord;
      at = writeEntry(target, at, { kind, ordinal, payload: bytes });
    }
    if (noteHead) writeEntry(target, at, { kind: "acknowledged", ordinal: upTo, payload: noted });
    return target;
  }

  #noteWritten(upTo: number, notedHead: boolean): void {
    for (; this.#written < upTo; this.#written++)
      this.#unwrittenBytes -= entryBytes((this.#tail.get(this.#written) as QueuedRecord).bytes.length);
    if (notedHead) this.#notedHead = this.#head;
  }

  #writeBeforeSync(): number {
    try {
      this.writeOut(this.#head > this.#notedHead);
    } catch (error) {
      this.#options.broke(error);
    }
    return this.#written;
  }

  #syncFailed(error: unknown): void {
    // What the operating system failed to put on disk it may have forgotten: none of it counts.
    const from = Math.max(this.#sync.ordinal, this.#tail.first);
    this.#mustRotate = true;
    while (this.#written > from) {
      this.#written--;
      this.#unwrittenBytes += entryBytes((this.#tail.get(this.#written) as QueuedRecord).bytes.length);
    }
    this.#options.broke(error);
  }

  /** Lets go of what is acknowledged and of what need not be in memory. */
  #forget(): void {
    this.#writer.removeBefore(this.#head);
    this.#trim();
  }

  /** Forgets records in memory that are on disk, or acknowledged. */
  #trim(): void {
    const durable = Math.min(this.#written, this.#sync.ordinal);
    this.#tail.dropBefore(Math.min(this.#head, durable));
    this.#tail.shrink(tailBytes, durable);
    this.#tail.shrink(maxTailBytes, this.#written);
  }
}

function encodeEntry(kind: EntryKind, ordinal: number, payload: Buffer): Buffer {
  const entry = Buffer.allocUnsafe(entryBytes(payload.length));
  writeEntry(entry, 0, { kind, ordinal, payload });
  return entry;
}

function idsOf({ kind, bytes }: QueuedRecord) {
  return recordIds(bytes, kind === "interception");
}
