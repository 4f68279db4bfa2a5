import { invalidAnswer } from "./upstream-error.ts";

/** What the next byte belongs to. */
const at = {
  size: 0,
  extension: 1,
  sizeEnd: 2,
  data: 3,
  dataCr: 4,
  dataLf: 5,
  trailerStart: 6,
  trailer: 7,
  trailerEnd: 8,
  lastLf: 9,
  end: 10,
} as const;

const cr = 0x0d;
const lf = 0x0a;
/** A chunk's size in hexadecimal digits: no chunk is as long as ten of them say. */
const maxSizeDigits = 10;
/** Bytes of one chunk's extensions, and of all trailers: both are read over. */
const maxIgnoredBytes = 16 * 1024;

/**
 * Takes the chunked coding (RFC 9112 §7.1) off a body, in whatever pieces it comes. Extensions and trailers are dropped.
 * The content of a piece is moved together within it, so that all the small chunks of one read are handed on as one.
 */
export class ChunkedBody {
  #at: number = at.size;
  #digits = 0;
  #left = 0;
  #ignored = 0;
  #consumed = 0;

  /** True once the last chunk and the trailers were read. */
  get complete(): boolean {
    return this.#at === at.end;
  }

  /** Where in the last piece reading ended: before its end only if the body is complete. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * Decodes `bytes` from `from` on in place.
   * @returns the end of the content, which begins at `from`
   * @throws UpstreamError UPSTREAM_INVALID_ANSWER
   */
  decode(bytes: Buffer, from: number): number {
    let read = from;
    let written = from;
    while (read < bytes.length && this.#at !== at.end) {
      if (this.#at !== at.data) {
        this.#frame(bytes[read++] as number);
        continue;
      }
      const length = Math.min(this.#left, bytes.length - read);
      if (written !== read) bytes.copyWithin(written, read, read + length);
      written += length;
      read += length;
      this.#left -= length;
      if (this.#left === 0) this.#at = at.dataCr;
    }
    this.#consumed = read;
    return written;
  }

  #frame(byte: number): void {
    switch (this.#at) {
      case at.size:
        return this.#size(byte);
      case at.extension:
        return this.#ignore(byte, at.sizeEnd);
      case at.sizeEnd:
        this.#expect(byte, lf, this.#left === 0 ? at.trailerStart : at.data);
        this.#digits = 0;
        this.#ignored = 0;
        return;
      case at.dataCr:
        return this.#expect(byte, cr, at.dataLf);
      case at.dataLf:
        return this.#expect(byte, lf, at.size);
      case at.trailerStart:
        if (byte === cr) this.#at = at.lastLf;
        else this.#ignore(byte, at.trailerEnd, at.trailer);
        return;
      case at.trailer:
        return this.#ignore(byte, at.trailerEnd);
      case at.trailerEnd:
        return this.#expect(byte, lf, at.trailerStart);
      default:
        return this.#expect(byte, lf, at.end);
    }
  }

  #size(byte: number): void {
    const digit = hexValue(byte);
    if (digit !== -1) {
      if (++this.#digits > maxSizeDigits) throw invalidAnswer("chunk size");
      this.#left = this.#left * 16 + digit;
    } else if (this.#digits === 0) throw invalidAnswer("chunk size");
    else if (byte === cr) this.#at = at.sizeEnd;
    // ";" begins an extension; some servers pad the size with blanks.
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#at = at.extension;
    else throw invalidAnswer("chunk size");
  }

  #expect(byte: number, wanted: number, next: number): void {
    if (byte !== wanted) throw invalidAnswer("chunk end");
    this.#at = next;
  }

  /** Reads over a line up to its CR. */
  #ignore(byte: number, next: number, meanwhile = this.#at): void {
    if (byte === lf || ++this.#ignored > maxIgnoredBytes) throw invalidAnswer("chunk extension or trailer");
    this.#at = byte === cr ? next : meanwhile;
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
