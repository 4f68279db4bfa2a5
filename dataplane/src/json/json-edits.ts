import type { JsonArray, JsonObject, Span } from "./json-object.ts";
import { bytesOf, type Piece } from "./piece.ts";
import { byte } from "./skip.ts";

/** What goes in the place of `[start, end)`. */
interface Edit extends Span {
  readonly pieces: readonly Piece[];
}

/**
 * Several edits of one piece of JSON text, also deep inside it, that are made at once: every byte that is not edited stays
 * as it came. Edits do not overlap.
 */
export class JsonEdits {
  readonly #edits: Edit[] = [];
  /** Objects that have got a further member. */
  readonly #grown = new Set<JsonObject>();

  get isEmpty(): boolean {
    return this.#edits.length === 0;
  }

  /** Puts JSON text in the place of what stands at `span`. */
  replace({ start, end }: Span, ...pieces: Piece[]): void {
    this.#edits.push({ start, end, pieces });
  }

  /** Sets the member `name` (ASCII, no escapes needed): replaced where it stands, or added behind the last one. */
  set(object: JsonObject, name: string, ...value: Piece[]): void {
    const span = object.member(name);
    if (span !== undefined) return this.replace(span, ...value);
    const at = object.lastMemberEnd;
    const comma = object.isEmpty && !this.#grown.has(object) ? "" : ",";
    this.#grown.add(object);
    this.replace({ start: at, end: at }, `${comma}"${name}":`, ...value);
  }

  /** Takes the member `name` out, if there is one. */
  remove(object: JsonObject, name: string): void {
    const place = object.place(name);
    if (place !== undefined) this.replace(place);
  }

  /**
   * Puts elements in front of those of the member `name`; one that is absent or no array becomes one.
   * @param elements JSON text, joined by commas
   * @param left how many of the array's own elements are not removed
   */
  prepend(object: JsonObject, name: string, elements: Piece, left = object.array(name).length): void {
    const span = object.member(name);
    if (span === undefined || object.bytes[span.start] !== byte.openBracket)
      return this.set(object, name, "[", elements, "]");
    const at = span.start + 1;
    this.replace({ start: at, end: at }, elements, left === 0 ? "" : ",");
  }

  /** Puts elements behind those of the member `name`, as `prepend` does in front. */
  append(object: JsonObject, name: string, elements: string): void {
    const array = object.array(name);
    if (array.length === 0) return this.prepend(object, name, elements);
    const { end } = array.span(array.length - 1);
    this.replace({ start: end, end }, `,${elements}`);
  }

  /** Takes elements out of an array. */
  removeElements(array: JsonArray, isRemoved: (index: number) => boolean): void {
    for (let from = 0; from < array.length; from++) {
      if (!isRemoved(from)) continue;
      let to = from;
      while (to + 1 < array.length && isRemoved(to + 1)) to++;
      this.replace(cutOf(array, from, to));
      from = to;
    }
  }

  /** `bytes[start, end)` with all edits made. */
  apply(bytes: Buffer, { start, end }: Span): Buffer {
    const pieces: Buffer[] = [];
    let at = start;
    // What is put in comes before what is cut out at the same place.
    for (const edit of this.#edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      pieces.push(bytes.subarray(at, edit.start), ...edit.pieces.map(bytesOf));
      at = edit.end;
    }
    return Buffer.concat([...pieces, bytes.subarray(at, end)]);
  }
}

/** What is cut out to remove the elements `from` to `to`: with them the comma that is one too many. */
function cutOf(array: JsonArray, from: number, to: number): Span {
  if (to + 1 < array.length) return { start: array.span(from).start, end: array.span(to + 1).start };
  const start = from === 0 ? array.span(0).start : array.span(from - 1).end;
  return { start, end: array.span(to).end };
}
