import type { JsonObject } from "../../../json/json-object.ts";
import type { MemberEdit } from "../../../json/rewrite-members.ts";

/** Members by which clients tell one answer from another: all turns show those of the first one. */
const members = ["id", "created", "model", "system_fingerprint"] as const;

/** What the answer that the client sees is called: as the first turn's. */
export class ShownIdentity {
  /** JSON text by member, as it came. */
  readonly #texts = new Map<string, string>();
  #isKnown = false;

  /** Takes a chunk, or the whole answer, of the first turn. */
  learn(chunk: JsonObject): void {
    // Some servers send a chunk with an empty id ahead.
    if (this.#isKnown || !chunk.string("id")) return;
    this.#isKnown = true;
    for (const name of members) {
      const text = chunk.raw(name);
      if (text !== "") this.#texts.set(name, text);
    }
  }

  /** What becomes of a member of a later turn's chunk or answer. */
  edit(name: string): MemberEdit {
    if (!this.#isKnown || !members.some((member) => member === name)) return undefined;
    return this.#texts.get(name) ?? null;
  }

  /** A chunk of the answer with an empty delta; undefined as long as nothing is known of the answer. */
  emptyChunk(finishReason: string | null = null): string | undefined {
    if (!this.#isKnown) return undefined;
    const known = [...this.#texts].map(([name, text]) => `"${name}":${text},`).join("");
    const choice = JSON.stringify({ index: 0, delta: {}, finish_reason: finishReason });
    return `{${known}"object":"chat.completion.chunk","choices":[${choice}]}`;
  }
}
