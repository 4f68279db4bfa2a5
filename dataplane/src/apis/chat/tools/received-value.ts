import { JsonObject, type Member } from "../../../json/json-object.ts";
import { byte } from "../../../json/skip.ts";

/** A value of an answer, put together from its deltas. All of it is kept as it was spelled. */
interface ReceivedValue {
  /** Takes a member of a further delta; returns false if it is not more of this value but stands in its place. */
  extend(owner: JsonObject, member: Member): boolean;
  /** The value as JSON text. */
  text(): string;
}

/** Texts that grow with every delta; of any other a repetition is no further piece. */
const growing = new Set([
  "content",
  "reasoning_content",
  "reasoning",
  "refusal",
  "arguments",
  "input",
  "text",
  "thinking",
  "summary",
]);
/** Texts that come once, or the same every time. */
const constant = new Set(["role", "id", "type", "name"]);
/** Objects and lists are put together so many levels deep; what is deeper came in one piece. */
const maxDepth = 6;

/** An object of an answer, put together from its deltas: what a whole answer has in that place. */
export class ReceivedObject implements ReceivedValue {
  readonly #depth: number;
  readonly #members = new Map<string, ReceivedValue>();

  /** @param depth in how many others it is */
  constructor(depth = 0) {
    this.#depth = depth;
  }

  /** Takes a delta, but for the member `except`. */
  add(delta: JsonObject, except?: string): void {
    for (const member of delta.members()) if (member.name !== except) this.#addMember(delta, member);
  }

  /** Takes a piece of a text that grows, as it is spelled between its quotes. */
  addText(name: string, piece: string): void {
    const known = this.#members.get(name);
    if (known instanceof ReceivedText) known.append(piece);
    else this.#members.set(name, new ReceivedText(piece));
  }

  /** The JSON text of the member, "" if there is none. */
  raw(name: string): string {
    return this.#members.get(name)?.text() ?? "";
  }

  /** The member's object; undefined if it is none. */
  object(name: string): ReceivedObject | undefined {
    const value = this.#members.get(name);
    return value instanceof ReceivedObject ? value : undefined;
  }

  extend(owner: JsonObject, { value }: Member): boolean {
    const delta = JsonObject.tryAt(owner.bytes, value.start, value.end);
    if (delta !== undefined) this.add(delta);
    return delta !== undefined;
  }

  /** @param further members as JSON text, in place of those of their name or behind all */
  text(further: Readonly<Record<string, string>> = {}): string {
    const texts = new Map([...this.#members].map(([name, value]) => [name, value.text()]));
    for (const [name, text] of Object.entries(further)) texts.set(name, text);
    return `{${[...texts].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
  }

  #addMember(owner: JsonObject, member: Member): void {
    const { name } = member;
    const known = this.#members.get(name);
    if (known?.extend(owner, member)) return;
    // Servers send null for what a delta has nothing of.
    if (known !== undefined && rawText(owner, member) === "null") return;
    this.#members.set(name, newValue(owner, member, this.#depth + 1));
  }
}

/** A string: the text between its quotes as it was spelled. */
class ReceivedText implements ReceivedValue {
  #inner: string;

  constructor(inner: string) {
    this.#inner = inner;
  }

  append(piece: string): void {
    this.#inner += piece;
  }

  extend(owner: JsonObject, { name, value }: Member): boolean {
    if (owner.bytes[value.start] !== byte.quote) return false;
    if (constant.has(name) && this.#inner !== "") return true;
    const piece = owner.bytes.toString("utf8", value.start + 1, value.end - 1);
    if (growing.has(name) || piece !== this.#inner) this.append(piece);
    return true;
  }

  text(): string {
    return `"${this.#inner}"`;
  }
}

/** A list, whose elements of the same `index` and `type` are one; elements without index are added. */
class ReceivedList implements ReceivedValue {
  readonly #depth: number;
  readonly #elements: { text(): string }[] = [];
  readonly #byIndex = new Map<string, ReceivedObject>();

  constructor(depth: number) {
    this.#depth = depth;
  }

  extend(owner: JsonObject, { name, value }: Member): boolean {
    if (owner.bytes[value.start] !== byte.openBracket) return false;
    const elements = owner.array(name);
    for (let at = 0; at < elements.length; at++) {
      const { start, end } = elements.span(at);
      const object = JsonObject.tryAt(owner.bytes, start, end);
      if (object !== undefined) this.#addObject(object);
      else this.#elements.push(new ReceivedRaw(owner.bytes.toString("utf8", start, end)));
    }
    return true;
  }

  text(): string {
    return `[${this.#elements.map((element) => element.text()).join(",")}]`;
  }

  #addObject(delta: JsonObject): void {
    const index = delta.raw("index");
    const key = `${index} ${delta.raw("type")}`;
    let object = index === "" ? undefined : this.#byIndex.get(key);
    if (object === undefined) {
      object = new ReceivedObject(this.#depth + 1);
      this.#elements.push(object);
      if (index !== "") this.#byIndex.set(key, object);
    }
    object.add(delta);
  }
}

/** Anything else: the last one counts. */
class ReceivedRaw implements ReceivedValue {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  extend(): boolean {
    return false;
  }

  text(): string {
    return this.#text;
  }
}

function newValue(owner: JsonObject, member: Member, depth: number): ReceivedValue {
  const { start, end } = member.value;
  const first = owner.bytes[start];
  if (first === byte.quote) return new ReceivedText(owner.bytes.toString("utf8", start + 1, end - 1));
  if (depth < maxDepth) {
    if (first === byte.openBracket) return filled(new ReceivedList(depth), owner, member);
    if (first === byte.openBrace) return filled(new ReceivedObject(depth), owner, member);
  }
  return new ReceivedRaw(rawText(owner, member));
}

function filled(value: ReceivedValue, owner: JsonObject, member: Member): ReceivedValue {
  value.extend(owner, member);
  return value;
}

function rawText({ bytes }: JsonObject, { value }: Member): string {
  return bytes.toString("utf8", value.start, value.end);
}
