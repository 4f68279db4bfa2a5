/** A text as it is recorded. */
export interface LimitedText {
  /** Valid Unicode of at most the given bytes of UTF-8. */
  readonly text: string;
  /** Bytes of UTF-8 that were cut off; 0 if none were. */
  readonly truncatedBytes: number;
}

/** Makes a text recordable: lone surrogates become U+FFFD, what is over `maxBytes` of UTF-8 is cut on a code point. */
export function limitText(text: string, maxBytes: number): LimitedText {
  const wellFormed = text.toWellFormed();
  // A UTF-16 unit takes at most three bytes, so most texts need no count.
  if (wellFormed.length * 3 <= maxBytes) return { text: wellFormed, truncatedBytes: 0 };
  const bytes = Buffer.byteLength(wellFormed);
  if (bytes <= maxBytes) return { text: wellFormed, truncatedBytes: 0 };
  const buffer = Buffer.from(wellFormed);
  let end = maxBytes;
  // Steps back over continuation bytes (0b10xxxxxx) to the start of the code point that does not fit.
  while (end > 0 && ((buffer[end] as number) & 0xc0) === 0x80) end--;
  return { text: buffer.toString("utf8", 0, end), truncatedBytes: bytes - end };
}
