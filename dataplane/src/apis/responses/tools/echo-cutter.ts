import { byte, skipSpace } from "../../../json/skip.ts";
import { type SpelledTools, spelledTools } from "./spelled-tools.ts";

/** To search for a short piece and to compare the rest is far faster than to search for all. */
const soughtBytes = 64;
/** More space than this behind the tools is waited for by nobody. */
const maxSpace = 1024;
const nothing = Buffer.alloc(0);
const openBracket = Buffer.from("[");

/**
 * Takes the central tools, spelled as they were before, out of an answer's bytes before anybody reads those: with many
 * tools they are most of a short answer, and each response repeats them. What is left is the list as it would be without
 * them. Tools in any other spelling pass; whoever reads the answer looks for them too.
 *
 * The bytes may be cut anywhere. Inside of a text they would have their quotes escaped: what is found is a list.
 */
export class EchoCutter {
  readonly #spelled: SpelledTools;
  readonly #sought: Buffer;
  /** So many bytes of the spelling have come and are held back. */
  #matched = 0;
  /** Space behind all of them, while it is not known what follows it. */
  #space = nothing;

  constructor(spelled: SpelledTools) {
    this.#spelled = spelled;
    this.#sought = spelled.subarray(0, soughtBytes);
  }

  /** The bytes of `chunk`, and those held back before it, without the tools. */
  push(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#matched === 0) at = this.#search(chunk, at, kept);
      else if (this.#matched < this.#spelled.length) at = this.#compare(chunk, at, kept);
      else at = this.#follow(chunk, at, kept);
    }
    return joined(kept);
  }

  /** The answer is over: what was held back. */
  finish(): Buffer {
    const kept: Buffer[] = [];
    this.#giveUp(kept);
    return joined(kept);
  }

  #search(chunk: Buffer, from: number, kept: Buffer[]): number {
    const found = chunk.indexOf(this.#sought, from);
    const at = found === -1 ? this.#beginningAtEnd(chunk, from) : found;
    keep(kept, chunk, from, at);
    this.#matched = Math.min(this.#sought.length, chunk.length - at);
    return at + this.#matched;
  }

  /** Where what is sought begins at the end of the chunk, to go on in the next one; the chunk's end if it does not. */
  #beginningAtEnd(chunk: Buffer, from: number): number {
    let at = chunk.indexOf(byte.openBracket, Math.max(from, chunk.length - this.#sought.length + 1));
    while (at !== -1 && this.#sought.compare(chunk, at, chunk.length, 0, chunk.length - at) !== 0)
      at = chunk.indexOf(byte.openBracket, at + 1);
    return at === -1 ? chunk.length : at;
  }

  #compare(chunk: Buffer, at: number, kept: Buffer[]): number {
    const length = Math.min(this.#spelled.length - this.#matched, chunk.length - at);
    const matched = this.#matched + length;
    if (this.#spelled.compare(chunk, at, at + length, this.#matched, matched) === 0) {
      this.#matched = matched;
      return at + length;
    }
    this.#giveUp(kept);
    return at;
  }

  /** Behind the tools comes another one, or the end of the list. */
  #follow(chunk: Buffer, at: number, kept: Buffer[]): number {
    const next = skipSpace(chunk, at, chunk.length);
    if (next > at) this.#space = Buffer.concat([this.#space, chunk.subarray(at, next)]);
    if (next === chunk.length && this.#space.length <= maxSpace) return next;
    const isList = chunk[next] === byte.comma || chunk[next] === byte.closeBracket;
    if (!isList || this.#space.length > maxSpace) {
      this.#giveUp(kept);
      return next;
    }
    kept.push(openBracket);
    this.#matched = 0;
    this.#space = nothing;
    return chunk[next] === byte.comma ? next + 1 : next;
  }

  /** What was held back is not what it seemed to be. */
  #giveUp(kept: Buffer[]): void {
    keep(kept, this.#spelled, 0, this.#matched);
    keep(kept, this.#space, 0, this.#space.length);
    this.#matched = 0;
    this.#space = nothing;
  }
}

/** A whole answer without the tools, where they are spelled as they were before. */
export function withoutEcho(body: Buffer, toolIds: ReadonlySet<string>): Buffer {
  const spelled = spelledTools(toolIds, "whole");
  if (spelled === undefined) return body;
  const cutter = new EchoCutter(spelled);
  const left = cutter.push(body);
  const heldBack = cutter.finish();
  return heldBack.length === 0 ? left : Buffer.concat([left, heldBack]);
}

function keep(kept: Buffer[], bytes: Buffer, from: number, to: number): void {
  if (to > from) kept.push(bytes.subarray(from, to));
}

function joined(kept: readonly Buffer[]): Buffer {
  const [only = nothing] = kept;
  return kept.length > 1 ? Buffer.concat(kept) : only;
}
