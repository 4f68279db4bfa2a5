import { setMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { asRecord } from "../../json-kinds.ts";
import { isQualified } from "../../qualified-call.ts";

/** One content block of an answer, gathered as it comes, to be sent back exactly as received. */
export class ReceivedBlock {
  readonly #block: JsonObject;
  /** Text members that deltas extend, by name: what they add, as it is spelled between the quotes. */
  readonly #texts = new Map<string, string>();
  #input = "";
  readonly #citations: string[] = [];

  /** @param block the block itself, or as far as its start event has it */
  constructor(block: JsonObject) {
    this.#block = block;
  }

  get type(): string {
    return this.#block.string("type") ?? "";
  }

  get id(): string {
    return this.#block.string("id") ?? "";
  }

  get name(): string {
    return this.#block.string("name") ?? "";
  }

  /** Raw JSON of a call's input. */
  get input(): string {
    return this.#input.trim() === "" ? this.#block.raw("input") : this.#input;
  }

  /** Raw JSON of the member, "" if there is none. */
  raw(member: string): string {
    return this.#block.raw(member);
  }

  /** A call of a tool that a toolset has is not one of a tool that the request lists. */
  get isOfToolset(): boolean {
    return isQualified(this.#block);
  }

  /** Takes the `delta` of a content_block_delta. */
  extend(delta: JsonObject): void {
    switch (delta.string("type")) {
      case "text_delta":
        return this.#append("text", spelled(delta, "text"));
      case "thinking_delta":
        return this.#append("thinking", spelled(delta, "thinking"));
      case "signature_delta":
        return this.#append("signature", spelled(delta, "signature"));
      case "compaction_delta":
        return this.#append("content", spelled(delta, "content"));
      case "input_json_delta":
        this.#input += delta.string("partial_json") ?? "";
        return;
      case "citations_delta":
        this.#citations.push(delta.raw("citation"));
    }
  }

  /** Takes a piece of the block's text, as it is spelled between its quotes. */
  addText(piece: string): void {
    this.#append("text", piece);
  }

  /** The whole block as JSON text; "" for an empty text, which the API sends but does not take. */
  text(): string {
    let block = this.#block;
    const set = (member: string, value: string) => {
      block = JsonObject.parse(setMember(block, member, value));
    };
    if (this.#texts.size > 0 || this.#input !== "" || this.#citations.length > 0)
      block = JsonObject.parse(Buffer.from(block.bytes.subarray(block.start, block.end)));
    for (const [member, text] of this.#texts) set(member, `"${spelled(block, member) ?? ""}${text}"`);
    if (this.#input.trim() !== "") set("input", this.#sentInput());
    if (this.#citations.length > 0) set("citations", `[${this.#citations.join(",")}]`);
    if (block.string("type") === "text" && (block.string("text") ?? "") === "") return "";
    return block.bytes.toString("utf8", block.start, block.end);
  }

  /** Models can be let write input unchecked: what is no object is sent back in one, as the API's documentation has it. */
  #sentInput(): string {
    return isObject(this.#input) ? this.#input : JSON.stringify({ INVALID_JSON: this.#input });
  }

  #append(member: string, piece: string | undefined): void {
    if (piece !== undefined) this.#texts.set(member, (this.#texts.get(member) ?? "") + piece);
  }
}

/** A text as it stands between its quotes; undefined for what is none. */
function spelled(object: JsonObject, member: string): string | undefined {
  const raw = object.raw(member);
  return raw.startsWith('"') ? raw.slice(1, -1) : undefined;
}

function isObject(json: string): boolean {
  try {
    return asRecord(JSON.parse(json)) !== undefined;
  } catch {
    return false;
  }
}
