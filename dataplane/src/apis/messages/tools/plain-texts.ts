import { byte, skipSpace, skipString } from "../../../json/skip.ts";
import type { ReceivedBlock } from "./received-block.ts";

/**
 * Takes the deltas of visible text, which are most of a stream, without a look at their members: they are told by their
 * first bytes, as the API writes them. Written in any other way they are left to the closer look.
 */
export class PlainTexts {
  #block: ReceivedBlock | undefined;
  /** What stands before the text in a delta of the block. */
  #head: Buffer = Buffer.alloc(0);

  /** A block of text begins that the client sees as it comes. @param index its place in the events */
  begin(block: ReceivedBlock, index: number): void {
    this.#block = block;
    this.#head = Buffer.from(
      `{"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":"`,
    );
  }

  /** Another block begins. */
  end(): void {
    this.#block = undefined;
  }

  /** Takes the event's data if it is such a delta; returns false if it is not. */
  take(data: Buffer, start: number, end: number): boolean {
    const head = this.#head;
    const text = start + head.length;
    if (this.#block === undefined || text > end || head.compare(data, start, text) !== 0) return false;
    const after = stringEnd(data, text - 1, end);
    if (after === -1 || !isEnd(data, after, end)) return false;
    this.#block.addText(data.toString("utf8", text, after - 1));
    return true;
  }
}

function stringEnd(data: Buffer, quote: number, end: number): number {
  try {
    return skipString(data, quote, end);
  } catch {
    return -1;
  }
}

/** True if nothing stands there but the ends of the delta and of the event; Anthropic puts space between the two. */
function isEnd(data: Buffer, at: number, end: number): boolean {
  if (data[at] !== byte.closeBrace) return false;
  const next = skipSpace(data, at + 1, end);
  return next === end - 1 && data[next] === byte.closeBrace;
}
