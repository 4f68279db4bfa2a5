import type { QueuedRecord } from "../record-queue.ts";

/** The newest records of a log, in memory: consecutive, the last one is the log's last. */
export class Tail {
  /** What was dropped is undefined until the space is used again. */
  #records: (QueuedRecord | undefined)[] = [];
  /** Index of the oldest record. */
  #head = 0;
  #bytes = 0;
  /** Ordinal of the next record. */
  #next = 0;

  /** Ordinal of the oldest record that is here, `next` if there is none. */
  get first(): number {
    return this.#next - (this.#records.length - this.#head);
  }

  /** Ordinal of the next record. */
  get next(): number {
    return this.#next;
  }

  /** Bytes of the records that are here. */
  get bytes(): number {
    return this.#bytes;
  }

  push(record: QueuedRecord): void {
    this.#records.push(record);
    this.#bytes += record.bytes.length;
    this.#next++;
  }

  /** Takes the newest record back. */
  pop(): void {
    this.#bytes -= (this.#records.pop() as QueuedRecord).bytes.length;
    this.#next--;
  }

  /** The record with an ordinal; undefined if it is not here. */
  get(ordinal: number): QueuedRecord | undefined {
    return ordinal < this.first ? undefined : this.#records[this.#head + ordinal - this.first];
  }

  /** Forgets the records before an ordinal. */
  dropBefore(ordinal: number): void {
    const count = Math.min(ordinal, this.#next) - this.first;
    for (let left = count; left > 0; left--) this.#dropFirst();
    this.#compact();
  }

  /** Forgets the oldest records, none from an ordinal on, until the bytes are within a limit. */
  shrink(maxBytes: number, before: number): void {
    while (this.#bytes > maxBytes && this.first < before) this.#dropFirst();
    this.#compact();
  }

  #dropFirst(): void {
    this.#bytes -= (this.#records[this.#head] as QueuedRecord).bytes.length;
    this.#records[this.#head++] = undefined;
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }
}
