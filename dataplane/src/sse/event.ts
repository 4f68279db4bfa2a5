const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;

/**
 * Reads the fields of one event out of its bytes: `event` and `data`, the only ones the APIs use.
 *
 * One reader serves a whole stream: `read` overwrites what the one before found. No strings are made. A buffer that was
 * read from must not be filled anew.
 */
export class SseEventReader {
  /** Where the data is: in the event's own bytes, or joined with LF if it had several lines. */
  data: Buffer = Buffer.alloc(0);
  dataStart = 0;
  dataEnd = 0;
  #bytes: Buffer = this.data;
  /** The next LF and CR at or after where was last looked, the buffer's length if there is none. */
  #nextLf = -1;
  #nextCr = -1;
  #nameStart = 0;
  #nameEnd = 0;
  #dataLines = 0;
  /** The lines of data, with the LF between them, if there are several: no API writes so, but the format allows it. */
  #lines: Buffer[] = [];

  /** Reads `bytes[start, end)`, an event's lines. Returns false for an event without data, such as a comment. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#nextLf = -1;
      this.#nextCr = -1;
    }
    this.#nameStart = 0;
    this.#nameEnd = 0;
    this.#dataLines = 0;
    let at = hasByteOrderMark(bytes, start, end) ? start + 3 : start;
    while (at < end) {
      const lineEnd = this.#endOfLine(at, end);
      this.#line(bytes, at, lineEnd);
      at = lineEnd + 1;
    }
    if (this.#dataLines > 1) this.#joinLines();
    return this.#dataLines > 0;
  }

  /** What the last `read` returned. */
  get hasData(): boolean {
    return this.#dataLines > 0;
  }

  /** True if the event has a name at all; the Chat API sends none. */
  get isNamed(): boolean {
    return this.#nameEnd > this.#nameStart;
  }

  /** True if the event's name is `name` (ASCII bytes). */
  isName(name: Buffer): boolean {
    return (
      this.#nameEnd - this.#nameStart === name.length && startsWithAt(this.#bytes, this.#nameStart, name)
    );
  }

  /** The event's name, "" if it has none. */
  name(): string {
    return this.#bytes.toString("latin1", this.#nameStart, this.#nameEnd);
  }

  /**
   * The end of the line at `at`: the offset of its CR or LF, else `end`. The LF of a CR LF then reads as an empty line,
   * which means nothing here. Either byte is searched for again only once the one found is passed, so that many short
   * lines in a long event do not search it to its end again and again.
   */
  #endOfLine(at: number, end: number): number {
    if (this.#nextLf < at) this.#nextLf = indexOrEnd(this.#bytes, LF, at);
    if (this.#nextCr < at) this.#nextCr = indexOrEnd(this.#bytes, CR, at);
    return Math.min(this.#nextLf, this.#nextCr, end);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start];
    if (first === 100 && startsWithAt(bytes, start, dataField)) {
      const value = valueStart(bytes, start + dataField.length, end);
      if (value !== -1) this.#addData(bytes, value, end);
    } else if (first === 101 && startsWithAt(bytes, start, eventField)) {
      const value = valueStart(bytes, start + eventField.length, end);
      if (value !== -1) {
        this.#nameStart = value;
        this.#nameEnd = end;
      }
    }
  }

  #addData(bytes: Buffer, start: number, end: number): void {
    this.#dataLines += 1;
    if (this.#dataLines === 1) {
      this.data = bytes;
      this.dataStart = start;
      this.dataEnd = end;
      return;
    }
    if (this.#dataLines === 2) this.#lines.push(this.data.subarray(this.dataStart, this.dataEnd));
    this.#lines.push(lineFeed, bytes.subarray(start, end));
  }

  #joinLines(): void {
    this.data = Buffer.concat(this.#lines);
    this.dataStart = 0;
    this.dataEnd = this.data.length;
    this.#lines = [];
  }
}

const dataField = Buffer.from("data");
const eventField = Buffer.from("event");
const lineFeed = Buffer.from("\n");

/** Offset of the next `byte`, the length of `bytes` if there is none. */
function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found === -1 ? bytes.length : found;
}

/** True if `bytes` continue with `prefix` at `at`. Bytes after the end of an event are compared too, and do no harm. */
export function startsWithAt(bytes: Buffer, at: number, prefix: Buffer): boolean {
  for (let i = 0; i < prefix.length; i += 1) {
    if (bytes[at + i] !== prefix[i]) return false;
  }
  return true;
}

/** The start of a field's value after its name, or -1 if the name goes on. One space after the colon is not the value. */
function valueStart(bytes: Buffer, at: number, end: number): number {
  if (at === end) return end;
  if (at > end || bytes[at] !== COLON) return -1;
  return at + 1 < end && bytes[at + 1] === SPACE ? at + 2 : at + 1;
}

function hasByteOrderMark(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
}
