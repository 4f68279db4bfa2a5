import { RecordSchema } from "@aibridge/proto";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { RecordBody } from "./recorder.ts";

/** The record in bytes that `encodeRecord` made. @throws Error if they hold none */
export function decodeRecord(bytes: Uint8Array): RecordBody {
  const { record } = fromBinary(RecordSchema, bytes);
  if (record.case === undefined) throw new TypeError("the bytes hold no record");
  return record;
}

/** The two ids of a record: every kind has `id` as field 1, and all but a start have `interception_id` as field 2. */
export interface RecordIds {
  readonly id: string;
  /** The start's own id for a start. */
  readonly interceptionId: string;
}

const idField = 1;
const interceptionIdField = 2;

/** Reads the ids alone. @throws Error if the bytes are no record */
export function recordIds(bytes: Uint8Array, isStart: boolean): RecordIds {
  const reader = new BinaryReader(bytes);
  reader.tag();
  const end = reader.uint32() + reader.pos;
  let id = "";
  let interceptionId = "";
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (field === idField) id = reader.string();
    else if (field === interceptionIdField && !isStart) interceptionId = reader.string();
    else reader.skip(wireType);
    // Members stand in the order of their numbers.
    if (field >= (isStart ? idField : interceptionIdField)) break;
  }
  return { id, interceptionId: isStart ? id : interceptionId };
}
