import { JsonObject } from "../../json/json-object.ts";
import { BoundedText, type TextBudget } from "../bounded-text.ts";
import type { DeltaText } from "./events.ts";
import { commentary, type ItemCall, type ItemThought, isCommentary, itemCall, itemThoughts } from "./item.ts";

/** Items are announced all but empty: a longer one is not kept. */
const maxAnnouncedBytes = 16 * 1024;
/** More parts than this in one item are not gathered. */
const maxParts = 256;

/** An item of the output that began and is not done: gathers its deltas, for the case that the stream is cut. */
export class OpenItem {
  /** A copy of the announced item: it must outlive the event that brought it. */
  readonly #bytes: Buffer | undefined;
  readonly #budget: TextBudget;
  readonly #texts = {
    input: new Map<number, BoundedText>(),
    summary: new Map<number, BoundedText>(),
    content: new Map<number, BoundedText>(),
    message: new Map<number, BoundedText>(),
  };
  /** True for a message whose text is a thought; other visible text is not gathered. */
  readonly isCommentary: boolean;

  /** @param item the item as it was announced; undefined if only its deltas came */
  constructor(item: JsonObject | undefined, budget: TextBudget) {
    const announced = item?.bytes.subarray(item.start, item.end);
    this.#bytes = announced && announced.length <= maxAnnouncedBytes ? Buffer.from(announced) : undefined;
    this.#budget = budget;
    this.isCommentary = item !== undefined && isCommentary(item);
  }

  extend(text: DeltaText["text"], part: number, piece: string): void {
    if (text === "message" && !this.isCommentary) return;
    const parts = this.#texts[text];
    let gathered = parts.get(part);
    if (gathered === undefined) {
      if (parts.size === maxParts) return;
      gathered = new BoundedText(this.#budget);
      parts.set(part, gathered);
    }
    gathered.append(piece);
  }

  /** The call in it, as far as it came. Takes what was gathered: asked for once. */
  call(): ItemCall | undefined {
    const item = this.#announced();
    const call = item === undefined ? undefined : itemCall(item);
    const input = this.#parts("input").join("");
    return call === undefined || input === "" ? call : { ...call, input };
  }

  /** The thoughts in it, as far as they came; asked for once. */
  thoughts(): ItemThought[] {
    if (this.isCommentary) return commentary(this.#parts("message"));
    const gathered: ItemThought[] = [
      ...this.#parts("summary").map((text) => ({ content: text, source: "reasoning_summary" }) as const),
      ...this.#parts("content").map((text) => ({ content: text, source: "reasoning" }) as const),
    ];
    const item = this.#announced();
    return gathered.length > 0 || item === undefined ? gathered : itemThoughts(item);
  }

  /** The item came whole: what was gathered is of no use. */
  discard(): void {
    for (const parts of Object.values(this.#texts)) for (const gathered of parts.values()) gathered.close();
  }

  #announced(): JsonObject | undefined {
    return this.#bytes === undefined ? undefined : JsonObject.tryAt(this.#bytes, 0, this.#bytes.length);
  }

  /** Takes the non-empty texts of a kind, in the order of their parts. */
  #parts(text: DeltaText["text"]): string[] {
    const byPart = [...this.#texts[text]].sort(([a], [b]) => a - b);
    return byPart.map(([, gathered]) => gathered.close()).filter((gathered) => gathered !== "");
  }
}
