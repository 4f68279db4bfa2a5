import fs from "node:fs";
import { promisify } from "node:util";
import { recordIds } from "../decode-record.ts";
import { type Checkpoint, readAcknowledged, readCheckpoint } from "./checkpoint.ts";
import { type Entry, isRecord } from "./entry.ts";
import { OpenInterceptions } from "./open-interceptions.ts";
import { type DamagedExtent, readEntries } from "./read-entries.ts";
import { type Segment, type SegmentFile, segmentFiles } from "./segment.ts";

/** What a log holds whose process is gone. */
export interface RecoveredLog {
  /** Oldest first. */
  readonly segments: readonly Segment[];
  /** Ordinal of the first record that is not acknowledged, as far as is known, and of the one after the last. */
  readonly head: number;
  readonly end: number;
  /** Interceptions without an end. */
  readonly open: OpenInterceptions;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly lastWrittenMs: number;
  /** Bytes of a last write that was cut off, 0 if there was none. */
  readonly tornBytes: number;
}

/** A segment file with the entry it begins with, if that can be read. */
interface OpenedSegment {
  readonly file: SegmentFile;
  readonly firstOrdinal: number | undefined;
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Reads what must be known of a log to deliver it: the beginning of each segment, and all of the last one. A torn last
 * write is cut off. Other damage is found, and told of, when the log is read for delivery.
 * @throws Error of node:fs
 */
export async function recoverLog(folder: string): Promise<RecoveredLog> {
  const opened: OpenedSegment[] = [];
  for (const file of segmentFiles(folder)) opened.push(await openSegment(file));
  const last = Math.max(
    opened.findLastIndex(({ checkpoint }) => checkpoint !== undefined),
    0,
  );
  const scan = new LogScan(opened[last]);
  for (const { file } of opened.slice(last)) await scan.read(file);
  const tornBytes = await cutTorn(opened.at(-1)?.file, scan.lastDamage);
  return {
    segments: placed(opened, scan.end),
    head: Math.min(Math.max(scan.acknowledged, opened[0]?.firstOrdinal ?? 0), scan.end),
    end: scan.end,
    open: scan.open,
    lastWrittenMs: Math.max(0, ...opened.map(({ file }) => file.writtenMs)),
    tornBytes,
  };
}

/** Reads the beginning of a segment. */
async function openSegment(file: SegmentFile): Promise<OpenedSegment> {
  const part = { path: file.path, offset: 0, end: file.bytes };
  for await (const [first] of readEntries(part, () => undefined)) {
    if (first === undefined) continue;
    const checkpoint = first.kind === "checkpoint" ? readCheckpoint(first.payload) : undefined;
    return { file, firstOrdinal: first.ordinal, checkpoint };
  }
  return { file, firstOrdinal: undefined, checkpoint: undefined };
}

/** Gives each segment its first ordinal. One that cannot be read has that of the next, so that it is not deleted before. */
function placed(opened: readonly OpenedSegment[], end: number): Segment[] {
  let next = end;
  const segments = opened.toReversed().map(({ file, firstOrdinal, checkpoint }) => {
    next = firstOrdinal ?? next;
    return {
      path: file.path,
      first: next,
      begunMs: checkpoint?.begunMs ?? file.writtenMs,
      bytes: file.bytes,
    };
  });
  return segments.reverse();
}

/** What the end of a log says. */
class LogScan {
  readonly open: OpenInterceptions;
  acknowledged: number;
  end: number;
  /** The last stretch that could not be read. */
  lastDamage: DamagedExtent | undefined;

  constructor(from: OpenedSegment | undefined) {
    this.open = new OpenInterceptions(from?.checkpoint?.open);
    this.acknowledged = from?.checkpoint?.acknowledged ?? 0;
    this.end = from?.firstOrdinal ?? 0;
  }

  async read(file: SegmentFile): Promise<void> {
    const part = { path: file.path, offset: 0, end: file.bytes };
    const note = (extent: DamagedExtent) => {
      this.lastDamage = extent;
    };
    for await (const entries of readEntries(part, note)) for (const entry of entries) this.#note(entry);
  }

  #note(entry: Entry): void {
    if (entry.kind === "acknowledged") this.acknowledged = readAcknowledged(entry.payload);
    if (!isRecord(entry)) return;
    const { interceptionId } = recordIds(entry.payload, entry.kind === "interception");
    this.open.note(entry.kind, interceptionId);
    this.end = Math.max(this.end, entry.ordinal + 1);
  }
}

/** Cuts damage at the end of the last file off. A file that is merely longer than what was written to it lost nothing. */
async function cutTorn(file: SegmentFile | undefined, damage: DamagedExtent | undefined): Promise<number> {
  if (file === undefined || damage?.path !== file.path) return 0;
  if (damage.offset + damage.bytes < file.bytes) return 0;
  const torn = Buffer.alloc(Math.min(damage.bytes, 64 * 1024));
  const descriptor = fs.openSync(file.path, "r+");
  try {
    fs.readSync(descriptor, torn, 0, torn.length, damage.offset);
    await promisify(fs.ftruncate)(descriptor, damage.offset);
  } finally {
    fs.closeSync(descriptor);
  }
  return torn.some((byte) => byte !== 0) ? damage.bytes : 0;
}
