import { crc32 } from "node:zlib";
import type { RecordKind } from "../recorder.ts";

/**
 * The form of one entry in a segment file:
 *
 *     magic (2) | crc32 (4) of all that follows | kind (1) | length (4) | ordinal (6) | payload (length)
 *
 * Numbers are big-endian. The ordinal of a record counts the records of its log; another entry has that of the record
 * that follows it. So a damaged place shows how many records it took with it.
 */
const magic = 0xffa1;
/** No text in UTF-8 has this byte, so a payload's texts never look like an entry when a damaged place is skipped. */
const firstMagicByte = 0xff;
const headerBytes = 17;

/** Longer payloads are not written: a length beyond it is damage. A record has at most 2 MiB. */
const maxPayloadBytes = 8 * 1024 * 1024;

/** Kinds of entries by their number in the file. */
const kinds = [
  "checkpoint",
  "interception",
  "interceptionEnded",
  "tokenUsage",
  "promptUsage",
  "toolUsage",
  "modelThought",
  "acknowledged",
] as const satisfies readonly (RecordKind | "checkpoint" | "acknowledged")[];

export type EntryKind = (typeof kinds)[number];

const kindNumbers = new Map<EntryKind, number>(kinds.map((kind, number) => [kind, number]));

export interface Entry {
  readonly kind: EntryKind;
  readonly ordinal: number;
  /** A view of the bytes that were read. */
  readonly payload: Buffer;
}

/** True for an entry that holds a record, whose payload is its wire bytes. */
export function isRecord<T extends { readonly kind: EntryKind }>(
  entry: T,
): entry is T & { kind: RecordKind } {
  return entry.kind !== "checkpoint" && entry.kind !== "acknowledged";
}

/** Bytes that an entry with such a payload takes in a file. */
export function entryBytes(payloadBytes: number): number {
  return headerBytes + payloadBytes;
}

/** Writes an entry into a buffer with room for it. Returns where the next one goes. */
export function writeEntry(
  target: Buffer,
  at: number,
  { kind, ordinal, payload }: { kind: EntryKind; ordinal: number; payload: Uint8Array },
): number {
  const end = at + headerBytes + payload.length;
  target.writeUInt16BE(magic, at);
  target.writeUInt8(kindNumbers.get(kind) as number, at + 6);
  target.writeUInt32BE(payload.length, at + 7);
  target.writeUIntBE(ordinal, at + 11, 6);
  target.set(payload, at + headerBytes);
  target.writeUInt32BE(crc32(target.subarray(at + 6, end)), at + 2);
  return end;
}

/** What was found in a stretch of a file. */
export interface ParsedEntries {
  readonly entries: readonly Entry[];
  /** Stretches that hold no entry: [from, to), in order. */
  readonly damage: readonly (readonly [from: number, to: number])[];
  /** Bytes that were understood. The rest is the beginning of an entry; there is none if the file ends here. */
  readonly consumed: number;
}

/**
 * Reads entries from a stretch that begins with one. Damage is skipped up to the next whole entry.
 * @param isEnd true if nothing follows: an entry that is not whole is damage then
 */
export function parseEntries(bytes: Buffer, isEnd: boolean): ParsedEntries {
  const entries: Entry[] = [];
  const damage: [number, number][] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = entryAt(bytes, at, isEnd);
    if (found === "more") break;
    if (found !== undefined) {
      entries.push(found);
      at += entryBytes(found.payload.length);
      continue;
    }
    const next = nextCandidate(bytes, at + 1, isEnd);
    damage.push([at, next]);
    at = next;
  }
  return { entries, damage, consumed: at };
}

/** The entry at a place, undefined if there is none, "more" if that takes more bytes to tell. */
function entryAt(bytes: Buffer, at: number, isEnd: boolean): Entry | "more" | undefined {
  const cut = isEnd ? undefined : "more";
  if (bytes.length - at < headerBytes) return bytes[at] === firstMagicByte ? cut : undefined;
  if (bytes.readUInt16BE(at) !== magic) return undefined;
  const kind = kinds[bytes.readUInt8(at + 6)];
  const length = bytes.readUInt32BE(at + 7);
  if (kind === undefined || length > maxPayloadBytes) return undefined;
  const end = at + entryBytes(length);
  if (end > bytes.length) return cut;
  if (crc32(bytes.subarray(at + 6, end)) !== bytes.readUInt32BE(at + 2)) return undefined;
  return { kind, ordinal: bytes.readUIntBE(at + 11, 6), payload: bytes.subarray(at + headerBytes, end) };
}

/** The next place that holds an entry, or may hold one when more bytes are known; the end if there is none. */
function nextCandidate(bytes: Buffer, from: number, isEnd: boolean): number {
  for (let at = from; at < bytes.length; at++) {
    at = bytes.indexOf(firstMagicByte, at);
    if (at === -1) return bytes.length;
    if (entryAt(bytes, at, isEnd) !== undefined) return at;
  }
  return bytes.length;
}
