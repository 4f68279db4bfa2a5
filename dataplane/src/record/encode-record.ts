import { RecordSchema } from "@aibridge/proto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { RecordBody } from "./recorder.ts";

/**
 * The wire bytes of a record without its sequence. The sequence is a member of its own and protobuf members may stand in
 * any order, so these bytes are made once and serve every attempt on every stream.
 */
export function encodeRecord(record: RecordBody): Uint8Array {
  return toBinary(RecordSchema, create(RecordSchema, { record }));
}

/**
 * The value of one `StreamRecordsRequest.records` element as a length-delimited protobuf value: its length, then
 * `sequence` (field 1, varint; tag 0x08), then the record's own bytes.
 */
export function frameRecord(sequence: number, body: Uint8Array): Uint8Array {
  const sequenceSize = varintSize(sequence);
  const length = 1 + sequenceSize + body.length;
  const framed = new Uint8Array(varintSize(length) + length);
  let at = writeVarint(framed, 0, length);
  framed[at++] = 0x08;
  at = writeVarint(framed, at, sequence);
  framed.set(body, at);
  return framed;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

function writeVarint(target: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 128) {
    target[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  return at;
}
