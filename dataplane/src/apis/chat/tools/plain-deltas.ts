import { findMember } from "../../../json/find-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { byte, skipSpace, skipString } from "../../../json/skip.ts";
import { isPlainChunk } from "../events.ts";

/** How the delta of nearly every chunk begins. */
const contentAlone = Buffer.from('{"content":"');

export interface DeltaTaker {
  /** A delta that is nothing but a piece of text, as it is spelled between the quotes. */
  content(piece: string): void;
  /** Any other delta. */
  delta(delta: JsonObject): void;
}

/**
 * Finds the deltas of chunks that carry no fact and go out as they came. The chunks of one answer differ in little more than
 * their text: what stands before it is read once, and then only compared.
 */
export class PlainDeltas {
  readonly #taker: DeltaTaker;
  /** The last plain chunk that was read, up to the opening quote of its text. */
  #head: Buffer | undefined;

  constructor(taker: DeltaTaker) {
    this.#taker = taker;
  }

  /** Takes the chunk `data[start, end)` if it is plain; returns false if it is not. */
  take(data: Buffer, start: number, end: number): boolean {
    if (this.#takeContent(data, start, end)) return true;
    if (!isPlainChunk(data, start, end)) return false;
    this.#read(data, start, end);
    return true;
  }

  /** Takes a chunk that differs from the one before in its text and in what follows it. */
  #takeContent(data: Buffer, start: number, end: number): boolean {
    const head = this.#head;
    if (head === undefined || end - start < head.length) return false;
    const behindHead = start + head.length;
    if (head.compare(data, start, behindHead) !== 0) return false;
    const after = stringEnd(data, behindHead - 1, end);
    if (after === -1 || data[after] !== byte.closeBrace || !isPlainChunk(data, after, end)) return false;
    this.#taker.content(data.toString("utf8", behindHead, after - 1));
    return true;
  }

  #read(data: Buffer, start: number, end: number): void {
    const choices = findMember(data, start, end, "choices");
    if (choices === -1 || data[choices] !== byte.openBracket) return;
    const at = findMember(data, skipSpace(data, choices + 1, end), end, "delta");
    const delta = at === -1 ? undefined : JsonObject.tryAt(data, at, end);
    if (delta === undefined) return;
    const text = at + contentAlone.length;
    if (text <= end && contentAlone.compare(data, at, text) === 0)
      this.#head = Buffer.from(data.subarray(start, text));
    this.#taker.delta(delta);
  }
}

function stringEnd(data: Buffer, quote: number, end: number): number {
  try {
    return skipString(data, quote, end);
  } catch {
    return -1;
  }
}
