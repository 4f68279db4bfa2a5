import { isUtf8 } from "node:buffer";
import { JsonSyntaxError } from "./json-syntax-error.ts";
import { byte, skipColon, skipSeparator, skipSpace, skipString, skipValue } from "./skip.ts";

/** Where a value stands: `bytes[start, end)`, without the space around it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One member of an object. */
export interface Member {
  /** Decoded; one that is no JSON string stays as it was written. */
  readonly name: string;
  /** Where its name, with the opening quote, begins. It ends with its value. */
  readonly start: number;
  readonly value: Span;
}

/** Where the elements of one array stand. */
export class JsonArray {
  /** Start and end of each element, in turn. */
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#bounds.length / 2;
  }

  /** The element at `index`, which must be one of the array's. */
  span(index: number): Span {
    return { start: this.#bounds[2 * index] as number, end: this.#bounds[2 * index + 1] as number };
  }

  /** Index of the element that holds the byte at `offset`, or -1. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (offset < (this.#bounds[2 * middle] as number)) high = middle - 1;
      else if (offset >= (this.#bounds[2 * middle + 1] as number)) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}

const emptyArray = new JsonArray([]);

/** Members and elements of member arrays that one object may have; conversations have thousands at most. */
const maxParts = 200_000;

/**
 * A JSON object as a view on its bytes: one pass finds where its members are, and only what is asked for is parsed.
 * Large requests and answers stay bytes: nothing is decoded or copied that is not read.
 */
export class JsonObject {
  #parts = 0;
  readonly bytes: Buffer;
  /** The object's own place, from its opening brace to behind the closing one. */
  readonly start: number;
  readonly end: number;
  /** Four offsets a member: start and end of the name (with its quotes), start and end of the value. */
  readonly #members: number[] = [];
  /** The arrays among the members' values, by their start. */
  #arrays: Map<number, JsonArray> | undefined;

  private constructor(bytes: Buffer, start: number, limit: number) {
    this.bytes = bytes;
    this.start = start;
    this.end = this.#readMembers(limit);
  }

  /**
   * Reads a whole body that must be one object. Strict about the structure (nothing after the object, no byte order
   * mark, valid UTF-8, at most 1024 levels); the text inside strings is checked when a value is read.
   * @throws JsonSyntaxError
   */
  static parse(bytes: Buffer): JsonObject {
    if (!isUtf8(bytes)) throw new JsonSyntaxError("not valid UTF-8", 0);
    return JsonObject.#whole(bytes);
  }

  /** Reads a whole body that may be anything: undefined for what is no object. Does not mind invalid UTF-8 in texts. */
  static tryParse(bytes: Buffer): JsonObject | undefined {
    try {
      return JsonObject.#whole(bytes);
    } catch {
      return undefined;
    }
  }

  static #whole(bytes: Buffer): JsonObject {
    const object = JsonObject.at(bytes, skipSpace(bytes, 0, bytes.length), bytes.length);
    const after = skipSpace(bytes, object.end, bytes.length);
    if (after < bytes.length) throw new JsonSyntaxError("unexpected text after the object", after);
    return object;
  }

  /** The object whose first byte is at `start` and which ends at or before `limit`. @throws JsonSyntaxError */
  static at(bytes: Buffer, start: number, limit: number): JsonObject {
    if (start >= limit || bytes[start] !== byte.openBrace)
      throw new JsonSyntaxError("expected an object", start);
    return new JsonObject(bytes, start, limit);
  }

  /** Like `at`; undefined for what is no object or has a broken structure. For input that may be anything. */
  static tryAt(bytes: Buffer, start: number, limit: number): JsonObject | undefined {
    if (start >= limit || bytes[start] !== byte.openBrace) return undefined;
    try {
      return JsonObject.at(bytes, start, limit);
    } catch {
      return undefined;
    }
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** Where the last member's value ends; in an empty object behind the opening brace. */
  get lastMemberEnd(): number {
    return this.#members.at(-1) ?? this.start + 1;
  }

  /** Where the value of the member `name` (ASCII) is; of several members of that name the last, as in JSON.parse. */
  member(name: string): Span | undefined {
    for (let i = this.#members.length - 4; i >= 0; i -= 4) {
      const start = this.#members[i] as number;
      const end = this.#members[i + 1] as number;
      if (!isName(this.bytes, start, end, name)) continue;
      return { start: this.#members[i + 2] as number, end: this.#members[i + 3] as number };
    }
    return undefined;
  }

  /** Where the member `name` is with the comma that goes with it: what is cut out to remove it. */
  place(name: string): Span | undefined {
    const members = this.#members;
    for (let i = members.length - 4; i >= 0; i -= 4) {
      const start = members[i] as number;
      if (!isName(this.bytes, start, members[i + 1] as number, name)) continue;
      const end = members[i + 3] as number;
      if (i + 4 < members.length) return { start, end: members[i + 4] as number };
      return i === 0 ? { start, end } : { start: members[i - 1] as number, end };
    }
    return undefined;
  }

  /** The members in their order. */
  *members(): Generator<Member> {
    const members = this.#members;
    for (let i = 0; i < members.length; i += 4) {
      const start = members[i] as number;
      const nameEnd = members[i + 1] as number;
      const written = this.bytes.toString("utf8", start + 1, nameEnd - 1);
      const name = written.includes("\\") ? decodedName(this.bytes, start, nameEnd) : undefined;
      const value = { start: members[i + 2] as number, end: members[i + 3] as number };
      yield { name: name ?? written, start, value };
    }
  }

  /** The value at `span`, parsed. @throws JsonSyntaxError if the text inside a string is no JSON */
  value(span: Span): unknown {
    try {
      return JSON.parse(this.bytes.toString("utf8", span.start, span.end)) as unknown;
    } catch {
      throw new JsonSyntaxError("unreadable value", span.start);
    }
  }

  /** The value of the member `name`; undefined if there is none or it cannot be read. */
  get(name: string): unknown {
    const span = this.member(name);
    return span === undefined ? undefined : this.#readable(span);
  }

  /** The member `name` if it is a string, else undefined. Other kinds of value are not parsed. */
  string(name: string): string | undefined {
    const span = this.member(name);
    if (span === undefined || this.bytes[span.start] !== byte.quote) return undefined;
    // What begins with a quote and can be read is a string.
    return this.#readable(span) as string | undefined;
  }

  /** The member `name` if it is an object, as a view of its own, else undefined. */
  object(name: string): JsonObject | undefined {
    const span = this.member(name);
    return span === undefined ? undefined : JsonObject.tryAt(this.bytes, span.start, span.end);
  }

  /** The elements of the member `name`; none if there is no such array. */
  array(name: string): JsonArray {
    const span = this.member(name);
    return (span === undefined ? undefined : this.#arrays?.get(span.start)) ?? emptyArray;
  }

  /** The JSON text of the member `name` as it was written, "" if there is none. */
  raw(name: string): string {
    const span = this.member(name);
    return span === undefined ? "" : this.bytes.toString("utf8", span.start, span.end);
  }

  /** The value at `span`; undefined if it cannot be read. */
  #readable(span: Span): unknown {
    try {
      return this.value(span);
    } catch {
      return undefined;
    }
  }

  /** Finds the members, and the elements of those that are arrays; returns the object's end. */
  #readMembers(limit: number): number {
    const { bytes } = this;
    let at = skipSpace(bytes, this.start + 1, limit);
    if (at < limit && bytes[at] === byte.closeBrace) return at + 1;
    for (;;) {
      const nameEnd = skipString(bytes, at, limit);
      const value = skipColon(bytes, nameEnd, limit);
      const isArray = bytes[value] === byte.openBracket;
      const after = isArray ? this.#readElements(value, limit) : skipValue(bytes, value, limit);
      this.#count(at);
      this.#members.push(at, nameEnd, value, after);
      at = skipSeparator(bytes, after, limit, byte.closeBrace);
      if (at < 0) return -at;
    }
  }

  /** Each part costs far more memory than the two bytes it may consist of. */
  #count(at: number): void {
    this.#parts += 1;
    if (this.#parts > maxParts) throw new JsonSyntaxError(`more than ${maxParts} members and elements`, at);
  }

  /** Finds the elements of the array at `start`; returns the array's end. */
  #readElements(start: number, limit: number): number {
    const { bytes } = this;
    let at = skipSpace(bytes, start + 1, limit);
    if (at < limit && bytes[at] === byte.closeBracket) return at + 1;
    const bounds: number[] = [];
    for (;;) {
      const after = skipValue(bytes, at, limit);
      this.#count(at);
      bounds.push(at, after);
      at = skipSeparator(bytes, after, limit, byte.closeBracket);
      if (at >= 0) continue;
      this.#arrays ??= new Map();
      this.#arrays.set(start, new JsonArray(bounds));
      return -at;
    }
  }
}

/** True if the quoted name at `bytes[start, end)` reads as `name`. Escapes, which nobody uses there, are decoded. */
function isName(bytes: Buffer, start: number, end: number, name: string): boolean {
  const length = end - start - 2;
  if (length < name.length) return false;
  for (let i = 0; i < length; i += 1) {
    const c = bytes[start + 1 + i];
    if (c === byte.backslash) return decodedName(bytes, start, end) === name;
    if (c !== name.charCodeAt(i)) return false;
  }
  return length === name.length;
}

function decodedName(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    return JSON.parse(bytes.toString("utf8", start, end)) as string;
  } catch {
    return undefined;
  }
}
