import { RecordSchema } from "@aibridge/proto";
import { WireType } from "@bufbuild/protobuf/wire";
import { ByteWriter } from "./byte-writer.ts";
import { messageEncoder } from "./message-encoder.ts";
import type { RecordBody, RecordKind } from "./recorder.ts";
import { varintSize, writeVarint } from "./varint.ts";

/** Most bytes of one record on the wire. What is longer would be rejected, or break every stream it is sent on. */
const maxRecordBytes = 2 * 1024 * 1024 - 64;

/** For each kind of record the tag of its member in the oneof, and how its members are written. */
const encoders = new Map(
  RecordSchema.oneofs[0]?.fields.map((field) => {
    if (field.fieldKind !== "message") throw new TypeError(`${field} is no record`);
    const tag = (field.number << 3) | WireType.LengthDelimited;
    return [field.localName as RecordKind, { tag, encode: messageEncoder(field.message) }];
  }),
);

/** Kept for all records: it grows once to the size of the largest. */
const writer = new ByteWriter();

/**
 * The wire bytes of a record without its sequence. The sequence is a member of its own and protobuf members may stand in
 * any order, so these bytes are made once and serve every attempt on every stream.
 * @throws RangeError for a record over 2 MiB, Error for one that protobuf cannot hold
 */
export function encodeRecord({ case: kind, value }: RecordBody): Uint8Array {
  const encoder = encoders.get(kind);
  if (encoder === undefined) throw new TypeError(`there is no kind of record ${kind}`);
  // What a failure left behind must not stand in front of the next record.
  writer.clear();
  writer.varint(encoder.tag).fork();
  encoder.encode(writer, value as unknown as Record<string, unknown>);
  writer.join();
  if (writer.length > maxRecordBytes)
    throw new RangeError(`it has ${writer.length} bytes, more than a record may have`);
  return writer.copy();
}

/** A record on its way, with its place in the stream. */
export interface SequencedRecord {
  readonly sequence: number;
  /** As `encodeRecord` made it. */
  readonly bytes: Uint8Array;
}

/**
 * The whole `records` member (field 1) of a StreamRecordsRequest as one length-delimited protobuf value: each record is
 * its length, `sequence` (field 1, varint; tag 0x08), then its own bytes, and all but the first have their tag (0x0a) in
 * front. One allocation for a batch.
 */
export function frameRecords(records: readonly SequencedRecord[]): Uint8Array {
  const lengths = records.map(({ sequence, bytes }) => 1 + varintSize(sequence) + bytes.length);
  const total = lengths.reduce((sum, length) => sum + 1 + varintSize(length) + length, -1);
  const framed = Buffer.allocUnsafe(total);
  let at = 0;
  for (const [index, { sequence, bytes }] of records.entries()) {
    if (index > 0) framed[at++] = 0x0a;
    at = writeVarint(framed, at, lengths[index] as number);
    framed[at++] = 0x08;
    at = writeVarint(framed, at, sequence);
    framed.set(bytes, at);
    at += bytes.length;
  }
  return framed;
}
