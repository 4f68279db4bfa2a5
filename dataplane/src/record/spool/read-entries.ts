import fs from "node:fs";
import { promisify } from "node:util";
import { type Entry, parseEntries } from "./entry.ts";

/** Bytes of the first read of a segment, which may be all that is wanted of it, and of each that follows. */
const firstReadBytes = 64 * 1024;
const readBytes = 1024 * 1024;

/** A stretch of a segment file that holds no entry. */
export interface DamagedExtent {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The part of a segment file that is wanted. It begins with an entry. */
export interface FilePart {
  readonly path: string;
  /** Where it begins. */
  readonly offset: number;
  /** Where it ends. */
  readonly end: number;
}

/**
 * The entries of a segment file, about a megabyte at a time.
 * @param damaged told of each stretch that holds no entry
 * @throws Error of node:fs
 */
export async function* readEntries(
  { path, offset, end }: FilePart,
  damaged: (extent: DamagedExtent) => void,
): AsyncGenerator<readonly Entry[]> {
  const file = await promisify(fs.open)(path, "r");
  const report = joined(path, damaged);
  try {
    let rest: Buffer = Buffer.alloc(0);
    let at = offset;
    while (at < end) {
      const length = Math.min(at === offset ? firstReadBytes : readBytes, end - at);
      const chunk = await readChunk(file, at, length);
      // The file may be shorter than it was said to be.
      const isEnd = chunk.length === 0 || at + chunk.length >= end;
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const base = at - rest.length;
      const { entries, damage, consumed } = parseEntries(bytes, isEnd);
      for (const [from, to] of damage) report.add(base + from, base + to);
      // Damage up to the end of what was read may go on in what follows.
      if (entries.length > 0 && damage.at(-1)?.[1] !== consumed) report.end();
      rest = bytes.subarray(consumed);
      at = isEnd ? end : at + chunk.length;
      if (entries.length > 0) yield entries;
    }
  } finally {
    report.end();
    await promisify(fs.close)(file);
  }
}

function readChunk(file: number, position: number, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(length);
    fs.read(file, buffer, 0, length, position, (error, bytesRead) =>
      error ? reject(error) : resolve(buffer.subarray(0, bytesRead)),
    );
  });
}

/** Reports damage that was found in several pieces as one extent. */
function joined(path: string, damaged: (extent: DamagedExtent) => void) {
  let from = 0;
  let to = 0;
  const end = () => {
    if (to > from) damaged({ path, offset: from, bytes: to - from });
    from = to;
  };
  const add = (nextFrom: number, nextTo: number) => {
    if (nextFrom !== to) {
      end();
      from = nextFrom;
    }
    to = nextTo;
  };
  return { add, end };
}
