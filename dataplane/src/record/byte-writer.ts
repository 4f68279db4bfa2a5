import { varintSize, writeVarint } from "./varint.ts";

const int32Max = 2 ** 31 - 1;
const int64Max = 2n ** 63n - 1n;
const initialBytes = 16 * 1024;

/** Text of at most so many UTF-16 units has fewer than 128 bytes of UTF-8: its length takes one byte. */
const shortText = 42;

/**
 * Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) into memory that is used again for
 * each message. protobuf-es's own writer allocates for every member; small pieces of memory that live until a record is
 * acknowledged are dear, and leave holes that the process never gets rid of.
 */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  #at = 0;
  /** Where the messages begin that are not complete, the innermost last: their lengths stand in front. */
  readonly #begun: number[] = [];

  /** Forgets what was written. */
  clear(): void {
    this.#at = 0;
    this.#begun.length = 0;
  }

  /** A copy of what was written. */
  copy(): Buffer {
    // From Node's pool, where many of them share one piece of memory.
    const copy = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(copy, 0, 0, this.#at);
    return copy;
  }

  get length(): number {
    return this.#at;
  }

  /** A whole number from 0 to 2^53 - 1: tags, lengths. */
  varint(value: number): this {
    this.#reserve(10);
    this.#varint(value);
    return this;
  }

  /** @throws RangeError */
  int32(value: number): this {
    if (!Number.isInteger(value) || value > int32Max || value < -int32Max - 1)
      throw new RangeError(`${value} is no 32-bit integer`);
    // Negative numbers are written as 64-bit ones.
    return value >= 0 ? this.varint(value) : this.int64(BigInt(value));
  }

  /** @throws RangeError */
  int64(value: bigint): this {
    if (value >= 0n && value <= Number.MAX_SAFE_INTEGER) return this.varint(Number(value));
    if (value > int64Max || value < -int64Max - 1n) throw new RangeError(`${value} is no 64-bit integer`);
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128;
    this.#bytes[this.#at++] = Number(rest);
    return this;
  }

  bool(value: boolean): this {
    return this.varint(value ? 1 : 0);
  }

  /** Text with its length; lone surrogates become U+FFFD. */
  string(value: string): this {
    if (value.length <= shortText) {
      this.#reserve(1 + 3 * shortText);
      const written = this.#bytes.write(value, this.#at + 1);
      this.#bytes[this.#at] = written;
      this.#at += 1 + written;
      return this;
    }
    const length = Buffer.byteLength(value);
    this.#reserve(10 + length);
    this.#varint(length);
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  /** Bytes with their length. */
  bytes(value: Uint8Array): this {
    this.#reserve(10 + value.length);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** Begins a message inside the message. */
  fork(): this {
    this.#reserve(1);
    this.#begun.push(this.#at++);
    return this;
  }

  /** Ends it, with its length in front. @throws TypeError without `fork` */
  join(): this {
    const begun = this.#begun.pop();
    if (begun === undefined) throw new TypeError("no message was begun");
    const length = this.#at - begun - 1;
    const extra = varintSize(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(begun + 1 + extra, begun + 1, this.#at);
    }
    this.#at = begun;
    this.#varint(length);
    this.#at += length;
    return this;
  }

  #varint(value: number): void {
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
