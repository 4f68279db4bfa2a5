/**
 * Steps over JSON in bytes without making values of it. Every function takes the offset of what it steps over and the
 * `end` it may not pass, and returns the offset behind it; it throws a JsonSyntaxError where the structure is broken.
 * Strings are not looked into: an illegal escape or control character is only noticed when that value is read.
 */
import { JsonSyntaxError } from "./json-syntax-error.ts";

/** Deepest nesting that is accepted. No client or provider comes near it. */
export const maxDepth = 1024;

export const byte = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** So many bytes of a string are looked at one by one before native code searches on: it is faster, but dear to call. */
const shortStretch = 48;

export function skipSpace(bytes: Buffer, at: number, end: number): number {
  let pos = at;
  while (pos < end) {
    const c = bytes[pos] as number;
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    pos += 1;
  }
  return pos;
}

/** Steps over the string that opens at `at`. */
export function skipString(bytes: Buffer, at: number, end: number): number {
  if (at >= end || bytes[at] !== byte.quote) throw new JsonSyntaxError("expected a string", at);
  let pos = at + 1;
  let stretch = shortStretch;
  while (pos < end) {
    const near = Math.min(pos + stretch, end);
    while (pos < near) {
      const c = bytes[pos];
      if (c === byte.quote) return pos + 1;
      pos += c === byte.backslash ? 2 : 1;
    }
    const quote = bytes.indexOf(byte.quote, pos);
    if (quote === -1 || quote >= end) break;
    if (!isEscaped(bytes, quote, pos)) return quote + 1;
    // Text full of escaped quotes, such as code, is better walked through.
    stretch = quote - pos < shortStretch ? stretch * 2 : shortStretch;
    pos = quote + 1;
  }
  throw new JsonSyntaxError("unterminated string", at);
}

/** True if an odd number of backslashes stands directly before `at`; none of them begins before `from`. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let pos = at;
  while (pos > from && bytes[pos - 1] === byte.backslash) pos -= 1;
  return (at - pos) % 2 === 1;
}

/** Steps over one member's name and colon, to its value. */
export function skipName(bytes: Buffer, at: number, end: number): number {
  return skipColon(bytes, skipString(bytes, at, end), end);
}

/** Steps over what stands between a member's name and its value. */
export function skipColon(bytes: Buffer, at: number, end: number): number {
  const colon = skipSpace(bytes, at, end);
  if (colon >= end || bytes[colon] !== byte.colon) throw new JsonSyntaxError("expected a colon", colon);
  return skipSpace(bytes, colon + 1, end);
}

/**
 * Steps over what follows an element or member: returns the offset of the next one, or -1 - offset of the closing
 * bracket `close`.
 */
export function skipSeparator(bytes: Buffer, at: number, end: number, close: number): number {
  const pos = skipSpace(bytes, at, end);
  const c = pos < end ? bytes[pos] : -1;
  if (c === close) return -1 - pos;
  if (c !== byte.comma) throw new JsonSyntaxError("expected a comma or a closing bracket", pos);
  return skipSpace(bytes, pos + 1, end);
}

/** The closing brackets that the containers open during one `skipValue` wait for, outermost first. */
const closers = new Uint8Array(maxDepth);

/** Steps over one value of any kind; `at` is its first byte. Needs no recursion. */
export function skipValue(bytes: Buffer, at: number, end: number): number {
  let depth = 0;
  let pos = at;
  for (;;) {
    const c = pos < end ? bytes[pos] : -1;
    if (c === byte.openBrace || c === byte.openBracket) {
      if (depth === maxDepth) throw new JsonSyntaxError("nested too deeply", pos);
      const close = c + 2;
      const inside = skipSpace(bytes, pos + 1, end);
      if (inside >= end || bytes[inside] !== close) {
        closers[depth] = close;
        depth += 1;
        pos = close === byte.closeBrace ? skipName(bytes, inside, end) : inside;
        continue;
      }
      pos = inside + 1;
    } else {
      pos = c === byte.quote ? skipString(bytes, pos, end) : skipScalar(bytes, pos, end);
    }
    while (depth > 0) {
      const close = closers[depth - 1] as number;
      const next = skipSeparator(bytes, pos, end, close);
      if (next >= 0) {
        pos = close === byte.closeBrace ? skipName(bytes, next, end) : next;
        break;
      }
      pos = -next;
      depth -= 1;
    }
    if (depth === 0) return pos;
  }
}

const literals = ["true", "false", "null"].map((text) => Buffer.from(text));

function skipScalar(bytes: Buffer, at: number, end: number): number {
  for (const literal of literals) {
    if (bytes[at] === literal[0] && startsWith(bytes, at, end, literal)) return at + literal.length;
  }
  return skipNumber(bytes, at, end);
}

/** Byte by byte: for so few a call of native code takes longer. */
function startsWith(bytes: Buffer, at: number, end: number, text: Buffer): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i += 1) if (bytes[at + i] !== text[i]) return false;
  return true;
}

function skipNumber(bytes: Buffer, at: number, end: number): number {
  let pos = at < end && bytes[at] === 0x2d ? at + 1 : at;
  if (pos < end && bytes[pos] === 0x30) pos += 1;
  else pos = skipDigits(bytes, pos, end);
  if (pos < end && bytes[pos] === 0x2e) pos = skipDigits(bytes, pos + 1, end);
  if (pos < end && ((bytes[pos] as number) | 0x20) === 0x65) {
    const sign = pos + 1 < end ? bytes[pos + 1] : -1;
    pos = skipDigits(bytes, sign === 0x2b || sign === 0x2d ? pos + 2 : pos + 1, end);
  }
  return pos;
}

function skipDigits(bytes: Buffer, at: number, end: number): number {
  let pos = at;
  while (pos < end && (bytes[pos] as number) >= 0x30 && (bytes[pos] as number) <= 0x39) pos += 1;
  if (pos === at) throw new JsonSyntaxError("expected a value", at);
  return pos;
}
