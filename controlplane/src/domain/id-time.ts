import { createHash } from "node:crypto";
import { uuidFromBytes, uuidToBytes } from "@aibridge/proto/channel";

const LAST_MILLIS = 2 ** 48 - 1;

/** The smallest UUIDv7 of a millisecond: ids made before it are smaller, all others are not. */
export function firstIdAt(millis: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.min(Math.max(Math.floor(millis), 0), LAST_MILLIS), 0, 6);
  bytes.writeUInt16BE(0x7000, 6);
  bytes.writeUInt16BE(0x8000, 8);
  return uuidFromBytes(bytes);
}

/** An id that follows from another one, with the same time: whoever derives it for the same purpose gets the same. */
export function derivedId(id: string, purpose: string): string {
  const bytes = uuidToBytes(id);
  createHash("sha256").update(purpose).update(bytes).digest().copy(bytes, 6, 0, 10);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return uuidFromBytes(bytes);
}
