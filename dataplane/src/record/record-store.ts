import type { Code } from "@connectrpc/connect";
import type { SpoolCounts } from "../telemetry/metrics.ts";
import { encodeRecord } from "./encode-record.ts";
import type { QueuedRecord, RecordQueue } from "./record-queue.ts";
import type { RecordBody, RecordKind } from "./recorder.ts";

/** A record in the form in which it is kept and sent. */
export interface EncodedRecord {
  readonly kind: RecordKind;
  readonly id: string;
  /** The interception it belongs to; its own id for a start. */
  readonly interceptionId: string;
  /** As `encodeRecord` made it. */
  readonly bytes: Uint8Array;
}

/** Why a store did not take a start. */
export interface StoreRefusal {
  readonly code: "spool_full" | "spool_unavailable";
  /** For logs: "the disk is full (ENOSPC)". */
  readonly reason: string;
}

/** Where records are kept until they are acknowledged. */
export interface RecordStore extends RecordQueue {
  /** True if what it keeps survives the process. */
  readonly onDisk: boolean;
  /** Number of records that were taken so far, and how many of them, from the first on, are acknowledged. */
  readonly added: number;
  readonly removed: number;
  /** Takes a start. On disk it has reached the operating system then. Undefined if it was taken. */
  begin(record: EncodedRecord): StoreRefusal | undefined;
  /** Takes any later record. Undefined if it was taken, else why it is lost, in a few words. */
  append(record: EncodedRecord): string | undefined;
  /** Takes a start back that was never sent. False if that cannot be done: it will be delivered. */
  withdraw(ordinal: number): boolean;
  /** Hands what was taken so far to the operating system. */
  flush(): void;
  /** Resolves true once what was taken so far survives a power cut, false if writing it down failed. */
  durable(): Promise<boolean>;
  /** The same, but writing again until it succeeds. */
  durableAtLast(): Promise<unknown>;
  /** Undefined if starts can be taken, else why not, in a few words. */
  unavailable(): string | undefined;
  counts(): SpoolCounts;
  /** Keeps a record that the recorder rejected where people can look at it, if there is such a place. */
  keepRejected(record: QueuedRecord, code: Code, message: string): void;
  /** Folder in which records stay that are not delivered; undefined if nowhere. */
  readonly root: string | undefined;
  /** Makes everything durable that can be and lets go of it. */
  close(): Promise<void>;
}

/** @throws what `encodeRecord` throws */
export function encodedRecord(body: RecordBody): EncodedRecord {
  const { case: kind, value } = body;
  const interceptionId = kind === "interception" ? value.id : value.interceptionId;
  return { kind, id: value.id, interceptionId, bytes: encodeRecord(body) };
}
