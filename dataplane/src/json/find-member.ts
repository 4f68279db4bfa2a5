import { byte, skipColon, skipSeparator, skipSpace, skipString, skipValue } from "./skip.ts";

/**
 * Where the value of the first member `name` (ASCII) of the object at `start` begins; -1 if there is none or the structure
 * is broken before it. Looks no further than needed: for large objects of which one early member is wanted.
 */
export function findMember(bytes: Buffer, start: number, limit: number, name: string): number {
  const length = name.length + 2;
  try {
    if (start >= limit || bytes[start] !== byte.openBrace) return -1;
    let at = skipSpace(bytes, start + 1, limit);
    for (;;) {
      const nameEnd = skipString(bytes, at, limit);
      const value = skipColon(bytes, nameEnd, limit);
      if (nameEnd - at === length && bytes.toString("latin1", at + 1, nameEnd - 1) === name) return value;
      at = skipSeparator(bytes, skipValue(bytes, value, limit), limit, byte.closeBrace);
      if (at < 0) return -1;
    }
  } catch {
    return -1;
  }
}

/** The parsed value of the first member `name`; undefined if there is none or it cannot be read. */
export function findValue(bytes: Buffer, start: number, limit: number, name: string): unknown {
  const at = findMember(bytes, start, limit, name);
  if (at === -1) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8", at, skipValue(bytes, at, limit)));
  } catch {
    return undefined;
  }
}
