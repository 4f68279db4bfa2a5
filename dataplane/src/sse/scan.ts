/**
 * Receives one complete event.
 *
 * - `bytes[start, end)` are the event's lines without the blank line that ends them. `bytes` is the pushed chunk itself
 *   unless the event began in an earlier chunk, and is only valid until the callback returns.
 * - `[from, to)` is the place of the whole event, its blank line included, relative to the chunk of this `push`. `from`
 *   is negative when the event began in an earlier chunk: `-from` bytes of it went by already. Bytes of a chunk that are
 *   in no such range (superfluous blank lines) belong to no event.
 */
export type OnEvent = (bytes: Buffer, start: number, end: number, from: number, to: number) => void;

/** How much of an event longer than the bound is kept and handed on, so that it can still be told by its name. */
const headBytes = 64 * 1024;

const LF = 10;
const CR = 13;

/** Where the scanner stands between two bytes. */
const state = {
  /** Before the first line of an event. */
  between: 0,
  inLine: 1,
  /** A line ended with LF or CR LF. */
  afterLf: 2,
  /** A line ended with CR; the next byte may be the LF of the same line end. */
  afterCr: 3,
  /** An empty line ended with CR after a line that ended with LF: the LF that likely follows belongs to it. */
  afterBlankCr: 4,
  /** The event is over: after this byte, or before it if an empty line ended with CR alone. */
  ended: 5,
} as const;

/** The state after one byte outside of a line's text. */
function stateAfter(now: number, byte: number | undefined): number {
  if (now === state.between) return byte === LF || byte === CR ? state.between : state.inLine;
  if (now === state.afterBlankCr) return state.ended;
  if (byte === LF) return now === state.afterLf ? state.ended : state.afterLf;
  if (byte === CR) return now === state.afterCr ? state.ended : state.afterBlankCr;
  return state.inLine;
}

/**
 * Finds the boundaries of server-sent events in a byte stream that comes in any chunks.
 *
 * It looks at bytes only and changes none: the relay forwards what it likes. An event that lies within one chunk is not
 * copied. Lines may end with LF, CR LF or CR, also mixed; where the boundaries are does not depend on the chunking.
 * Events made of comments alone are reported too.
 */
export class SseScanner {
  readonly #maxEventBytes: number;
  #state: number = state.between;
  /** Copies of the earlier chunks' parts of the unfinished event. */
  #tail: Buffer[] = [];
  #kept = 0;
  #seen = 0;
  #oversized = 0;

  /** @param maxEventBytes longest event that is buffered across chunks. @default 16 MiB */
  constructor(maxEventBytes: number = 16 * 1024 * 1024) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Number of events so far that were longer than the bound: of those only the first 64 KiB were reported. */
  get oversized(): number {
    return this.#oversized;
  }

  /** Bytes of the unfinished event seen so far: that many bytes at the end of what was pushed belong to it. */
  get pending(): number {
    return this.#seen;
  }

  push(chunk: Buffer, onEvent: OnEvent): void {
    let from = 0 - this.#seen;
    let at = 0;
    let now: number = this.#state;
    let nextCr = chunk.indexOf(CR);
    while (at < chunk.length) {
      if (now === state.inLine) {
        if (nextCr !== -1 && nextCr < at) nextCr = chunk.indexOf(CR, at);
        const lf = chunk.indexOf(LF, at);
        const lineEnd = nextCr === -1 || (lf !== -1 && lf < nextCr) ? lf : nextCr;
        if (lineEnd === -1) break;
        now = lineEnd === lf ? state.afterLf : state.afterCr;
        at = lineEnd + 1;
        continue;
      }
      const byte = chunk[at];
      const next = stateAfter(now, byte);
      if (next === state.ended) {
        const isCrLf = now === state.afterBlankCr && byte === LF;
        at = now === state.afterBlankCr && !isCrLf ? at : at + 1;
        this.#emit(chunk, from, at, isCrLf ? 2 : 1, onEvent);
        now = state.between;
        from = at;
      } else {
        at += 1;
        if (next === state.between) from = at;
        now = next;
      }
    }
    this.#state = now;
    this.#keep(chunk, from);
  }

  /**
   * The stream is over: reports the unfinished event, if there is one. A server that leaves out the last blank line loses
   * nothing; of an event that was cut, the data is incomplete.
   */
  finish(onEvent: OnEvent): void {
    if (this.#seen > 0) this.#emit(Buffer.alloc(0), -this.#seen, 0, 0, onEvent);
    this.#state = state.between;
  }

  #emit(chunk: Buffer, from: number, to: number, blankBytes: number, onEvent: OnEvent): void {
    if (from >= 0) {
      onEvent(chunk, from, to - blankBytes, from, to);
      return;
    }
    const size = to - from;
    if (size > this.#maxEventBytes) this.#oversized += 1;
    const whole = Buffer.concat(
      this.#kept === this.#seen ? [...this.#tail, chunk.subarray(0, to)] : this.#tail,
    );
    this.#tail = [];
    this.#kept = 0;
    this.#seen = 0;
    onEvent(whole, 0, Math.min(whole.length, size - blankBytes), from, to);
  }

  /** Keeps the chunk's part of the unfinished event, as a copy: the chunk is the caller's. */
  #keep(chunk: Buffer, from: number): void {
    const size = chunk.length - from;
    const complete = this.#kept === this.#seen;
    this.#seen = size;
    if (size === 0 || !complete) return;
    this.#tail.push(ownCopy(chunk.subarray(Math.max(from, 0))));
    this.#kept = size;
    if (size > this.#maxEventBytes) this.#keepHeadOnly();
  }

  #keepHeadOnly(): void {
    const head = Buffer.concat(this.#tail).subarray(0, Math.min(headBytes, this.#maxEventBytes));
    this.#tail = [ownCopy(head)];
    this.#kept = head.length;
  }
}

/** A copy in memory of its own: one from Node's shared pool would keep 64 KB alive for as long as a stream waits. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
