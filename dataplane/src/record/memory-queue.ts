import type { SpoolCounts } from "../telemetry/metrics.ts";
import type { QueuedRecord } from "./record-queue.ts";
import type { EncodedRecord, RecordStore, StoreRefusal } from "./record-store.ts";

interface Waiting extends QueuedRecord {
  readonly addedMs: number;
  /** True if it is no longer wanted; it is skipped when sending. */
  withdrawn: boolean;
}

/** Rough cost of one record in memory beside its bytes. */
const overheadBytes = 512;

/** Records that wait in memory, oldest first, bounded in bytes. They are gone with the process. */
export class MemoryQueue implements RecordStore {
  readonly onDisk = false;
  readonly root = undefined;
  readonly #maxBytes: number;
  #records: Waiting[] = [];
  /** Indexes of the first record that is not acknowledged, not sent. */
  #head = 0;
  #cursor = 0;
  #bytes = 0;
  #added = 0;
  /** Ordinal after the last record that was ever sent. */
  #sentTo = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#records.length - this.#head;
  }

  get added(): number {
    return this.#added;
  }

  get removed(): number {
    return this.#added - this.size;
  }

  begin(record: EncodedRecord): StoreRefusal | undefined {
    const reason = this.append(record);
    return reason === undefined ? undefined : { code: "spool_full", reason };
  }

  append({ kind, bytes }: EncodedRecord): string | undefined {
    if (this.#bytes + bytes.length + overheadBytes > this.#maxBytes)
      return "the memory for unsent records is full";
    const state = { addedMs: Date.now(), withdrawn: false };
    this.#records.push({ queue: this, ordinal: this.#added++, kind, bytes, ...state });
    this.#bytes += bytes.length + overheadBytes;
    return undefined;
  }

  withdraw(ordinal: number): boolean {
    if (ordinal < this.#sentTo) return false;
    const record = this.#records[this.#head + ordinal - this.removed];
    if (record !== undefined) record.withdrawn = true;
    return true;
  }

  flush(): void {}

  async durable(): Promise<boolean> {
    return false;
  }

  async durableAtLast(): Promise<boolean> {
    return false;
  }

  unavailable(): undefined {
    return undefined;
  }

  get unsent(): number {
    return this.#records.length - this.#cursor;
  }

  take(maxRecords: number, maxBytes: number): readonly QueuedRecord[] {
    const batch: QueuedRecord[] = [];
    let bytes = 0;
    while (this.#cursor < this.#records.length && batch.length < maxRecords) {
      const record = this.#records[this.#cursor] as Waiting;
      if (batch.length > 0 && bytes + record.bytes.length > maxBytes) break;
      this.#cursor++;
      if (record.withdrawn) {
        if (this.#cursor === this.#head + 1) this.#removeHead();
        continue;
      }
      this.#sentTo = Math.max(this.#sentTo, record.ordinal + 1);
      bytes += record.bytes.length;
      batch.push(record);
    }
    return batch;
  }

  acknowledge(records: readonly QueuedRecord[]): void {
    const last = records.at(-1);
    while (last !== undefined && this.#head < this.#cursor) {
      if (this.#removeHead() === last) break;
    }
    while (this.#head < this.#cursor && this.#records[this.#head]?.withdrawn) this.#removeHead();
    this.#compact();
  }

  rewind(): void {
    this.#cursor = this.#head;
  }

  /** There is no such place: the log has told of it. */
  keepRejected(): void {}

  counts(): SpoolCounts {
    const oldest = this.#records[this.#head];
    const oldestAgeSeconds = oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.addedMs) / 1000;
    return { records: this.size, bytes: this.#bytes, oldestAgeSeconds };
  }

  async close(): Promise<void> {}

  #removeHead(): Waiting {
    const record = this.#records[this.#head++] as Waiting;
    this.#bytes -= record.bytes.length + overheadBytes;
    return record;
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#cursor -= this.#head;
    this.#head = 0;
  }
}
