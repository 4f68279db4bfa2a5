import fs from "node:fs";
import { join } from "node:path";

/** One file of a log. */
export interface Segment {
  readonly path: string;
  /** Ordinal of its first record. */
  readonly first: number;
  /** When it was begun, in milliseconds since the epoch. */
  readonly begunMs: number;
  /** Bytes that were written to it. */
  readonly bytes: number;
}

/** "0000000000000001.log": names sort in the order in which the files were begun. */
export function segmentName(number: number): string {
  return `${String(number).padStart(16, "0")}.log`;
}

/**
 * Removes a segment file. False if that cannot be done now. Whoever is told so must keep the segments after it: they tell
 * which interceptions ended that are open by this one.
 */
export function removeFile(path: string): boolean {
  try {
    fs.rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

/** A segment file of which nothing was read yet. */
export interface SegmentFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last written to, in milliseconds since the epoch. */
  readonly writtenMs: number;
}

/** The segment files of a folder, oldest first. @throws Error of node:fs */
export function segmentFiles(folder: string): SegmentFile[] {
  const names = fs.readdirSync(folder).filter((name) => /^\d{16}\.log$/.test(name));
  return names.sort().map((name) => {
    const path = join(folder, name);
    const { size, mtimeMs } = fs.statSync(path);
    return { path, bytes: size, writtenMs: mtimeMs };
  });
}
