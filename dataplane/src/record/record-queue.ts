import type { RecordKind } from "./recorder.ts";

/** A record that waits for its acknowledgement. */
export interface QueuedRecord {
  /** Where it waits. */
  readonly queue: RecordQueue;
  /** Its place in that queue: the first record ever has 0. */
  readonly ordinal: number;
  readonly kind: RecordKind;
  /** Wire bytes without the sequence, as `encodeRecord` made them. */
  readonly bytes: Uint8Array;
}

/** What a link delivers from: records in the order in which they are to be sent. */
export interface RecordQueue {
  /** Number of records that wait for their acknowledgement. */
  readonly size: number;
  /** Number of records that `take` can still return. */
  readonly unsent: number;
  /** The next records to send, up to the bounds (at least one if there are any), marked as sent. */
  take(maxRecords: number, maxBytes: number): readonly QueuedRecord[] | Promise<readonly QueuedRecord[]>;
  /** Forgets records: the oldest of those that were taken, in their order. */
  acknowledge(records: readonly QueuedRecord[]): void;
  /** Makes every unacknowledged record unsent again. */
  rewind(): void;
}
