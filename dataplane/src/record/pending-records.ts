import type { RecordBody, RecordKind } from "./recorder.ts";

/** A record that is not acknowledged yet. */
export interface PendingRecord {
  readonly kind: RecordKind;
  readonly id: string;
  /** Wire bytes without the sequence. */
  readonly bytes: Uint8Array;
  /** The record itself, for the unary methods. */
  readonly body: RecordBody;
  /** True once it was handed to a stream or a call: the recorder may have it. */
  sent: boolean;
  /** True if it is no longer wanted; it is skipped when sending. */
  withdrawn: boolean;
  /** True if the recorder refused it for good. */
  rejected: boolean;
  /** Called once it is acknowledged, stored or rejected. */
  acknowledged: (() => void) | undefined;
}

/** Rough cost of one pending record in memory beside its bytes. */
const overheadBytes = 512;

/**
 * Records that wait for their acknowledgement, oldest first, bounded in bytes. A link sends from `unsent` on and moves
 * the head with `acknowledge`; after a break `rewind` makes everything unacknowledged unsent again.
 */
export class PendingRecords {
  readonly maxBytes: number;
  #records: PendingRecord[] = [];
  #head = 0;
  #cursor = 0;
  #bytes = 0;
  #total = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Number of records waiting. */
  get size(): number {
    return this.#records.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Number of records ever added; `removed` reaches it when all of them are settled. */
  get added(): number {
    return this.#total;
  }

  get removed(): number {
    return this.#total - this.size;
  }

  fits(bytes: number): boolean {
    return this.#bytes + bytes + overheadBytes <= this.maxBytes;
  }

  push(record: PendingRecord): void {
    this.#records.push(record);
    this.#bytes += record.bytes.length + overheadBytes;
    this.#total++;
  }

  /** True if `take` would return something. */
  hasUnsent(): boolean {
    return this.#cursor < this.#records.length;
  }

  /** The next records to send, up to the bounds (at least one), marked as sent. Withdrawn ones are left out. */
  take(maxRecords: number, maxBytes: number): PendingRecord[] {
    const batch: PendingRecord[] = [];
    let bytes = 0;
    while (this.#cursor < this.#records.length && batch.length < maxRecords) {
      const record = this.#records[this.#cursor] as PendingRecord;
      if (batch.length > 0 && bytes + record.bytes.length > maxBytes) break;
      this.#cursor++;
      if (record.withdrawn) {
        if (this.#cursor === this.#head + 1) this.#removeHead();
        continue;
      }
      record.sent = true;
      bytes += record.bytes.length;
      batch.push(record);
    }
    return batch;
  }

  /** Removes the oldest records up to and including the given one. */
  acknowledge(last: PendingRecord): void {
    while (this.#head < this.#cursor) {
      const record = this.#removeHead();
      record.acknowledged?.();
      if (record === last) break;
    }
    while (this.#head < this.#cursor && this.#records[this.#head]?.withdrawn) this.#removeHead();
    this.#compact();
  }

  /** Makes every unacknowledged record unsent again. */
  rewind(): void {
    this.#cursor = this.#head;
  }

  #removeHead(): PendingRecord {
    const record = this.#records[this.#head++] as PendingRecord;
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
