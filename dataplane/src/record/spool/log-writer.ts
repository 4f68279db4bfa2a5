import fs from "node:fs";
import { join } from "node:path";
import { removeFile, type Segment, segmentName } from "./segment.ts";

/** A segment with its file descriptor. */
interface OpenSegment extends Segment {
  bytes: number;
  readonly file: number;
  /** Written to since it was last synced. */
  dirty: boolean;
  syncing: boolean;
  /** True once its beginning survives a power cut: only then may those before it go. */
  safe: boolean;
  /** Not written to any more: its descriptor is closed as soon as nothing needs it. */
  retired: boolean;
  closed: boolean;
}

/** Writes the segment files of one log. Every write is whole or is taken back. */
export class LogWriter {
  readonly #folder: string;
  /** Oldest first; the last one is written to. */
  readonly #segments: OpenSegment[] = [];
  #number = 0;
  /** Bytes of all segments. */
  #bytes = 0;
  /** True if there is a file that the folder on disk may not have. */
  #folderDirty = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Oldest first; the last one is written to. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the segment that is written to. */
  get activeBytes(): number {
    return this.#segments.at(-1)?.bytes ?? 0;
  }

  /**
   * Begins a new segment. The last one stays in use if that fails.
   * @param checkpoint its first bytes
   * @throws Error of node:fs
   */
  rotate({ first, begunMs }: Pick<Segment, "first" | "begunMs">, checkpoint: Buffer): void {
    const path = join(this.#folder, segmentName(this.#number + 1));
    // What an attempt that failed may have left there is written over.
    const file = fs.openSync(path, "w", 0o600);
    const state = { dirty: false, syncing: false, safe: false, retired: false, closed: false };
    const segment: OpenSegment = { path, first, begunMs, bytes: 0, file, ...state };
    try {
      write(segment, checkpoint);
    } catch (error) {
      closeQuietly(segment);
      removeFile(path);
      throw error;
    }
    const last = this.#segments.at(-1);
    this.#number++;
    this.#segments.push(segment);
    this.#bytes += segment.bytes;
    this.#folderDirty = true;
    if (last !== undefined) retire(last);
  }

  /** @throws Error of node:fs; nothing was written then */
  write(bytes: Buffer): void {
    write(this.#segments.at(-1) as OpenSegment, bytes);
    this.#bytes += bytes.length;
  }

  /** Makes everything that was written so far survive a power cut. @throws Error of node:fs; some of it may not, then */
  async sync(): Promise<void> {
    const dirty = this.#segments.filter((segment) => segment.dirty);
    const folderDirty = this.#folderDirty;
    this.#folderDirty = false;
    await Promise.all([...dirty.map(syncSegment), ...(folderDirty ? [syncFolder(this.#folder)] : [])]);
    for (const segment of dirty) segment.safe = true;
  }

  /** Removes the segments all of whose records are acknowledged; never the one that is written to. */
  removeBefore(ordinal: number): void {
    for (let next = this.#segments[1]; next?.safe && next.first <= ordinal; next = this.#segments[1])
      if (!this.#removeFirst()) return;
  }

  /** Removes the segments of which nothing survives a power cut, but for the one that is written to. */
  removeFrom(ordinal: number): void {
    for (const segment of this.#segments.slice(0, -1).filter(({ first }) => first >= ordinal))
      this.#remove(segment);
  }

  /** Removes every file. */
  removeAll(): void {
    while (this.#segments.length > 0 && this.#removeFirst());
    this.close();
  }

  close(): void {
    for (const segment of this.#segments) retire(segment);
  }

  #removeFirst(): boolean {
    return this.#remove(this.#segments[0] as OpenSegment);
  }

  /** False if the file cannot be removed now: it stays in the list, so that none after it goes before it. */
  #remove(segment: OpenSegment): boolean {
    if (!removeFile(segment.path)) return false;
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#bytes -= segment.bytes;
    segment.dirty = false;
    retire(segment);
    return true;
  }
}

function write(segment: OpenSegment, bytes: Buffer): void {
  const { file } = segment;
  let done = 0;
  try {
    while (done < bytes.length)
      done += fs.writeSync(file, bytes, done, bytes.length - done, segment.bytes + done);
  } catch (error) {
    if (done > 0) cutBack(segment);
    throw error;
  }
  segment.bytes += bytes.length;
  segment.dirty = true;
}

/** Takes half a write back. Where even that fails, the next write goes over it: it is written at the same place. */
function cutBack(segment: OpenSegment): void {
  try {
    fs.ftruncateSync(segment.file, segment.bytes);
  } catch {
    // What is left is no entry, and is skipped when it is read.
  }
}

async function syncSegment(segment: OpenSegment): Promise<void> {
  segment.dirty = false;
  segment.syncing = true;
  try {
    await whenDone((done) => fs.fdatasync(segment.file, done));
  } finally {
    segment.syncing = false;
    closeIfIdle(segment);
  }
}

/** Without it a new file may be missing after a power cut, whatever was synced in it. */
async function syncFolder(path: string): Promise<void> {
  const folder = fs.openSync(path, "r");
  try {
    await whenDone((done) => fs.fsync(folder, done));
  } finally {
    fs.closeSync(folder);
  }
}

function whenDone(run: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
}

function retire(segment: OpenSegment): void {
  segment.retired = true;
  closeIfIdle(segment);
}

function closeIfIdle(segment: OpenSegment): void {
  if (segment.retired && !segment.dirty && !segment.syncing && !segment.closed) closeQuietly(segment);
}

/** Closing may report an old write error again, which was told to whom it concerned. */
function closeQuietly(segment: OpenSegment): void {
  segment.closed = true;
  try {
    fs.closeSync(segment.file);
  } catch {
    // The descriptor is gone all the same.
  }
}
