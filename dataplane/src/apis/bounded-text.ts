/**
 * Room for the texts of the calls and thoughts of one answer that are being gathered, in UTF-16 units. What is over it is
 * dropped: records are cut to 1 MiB each anyway, and an endless answer must not fill the memory.
 */
export class TextBudget {
  /** Longest single text. */
  readonly #perText: number;
  #left: number;

  /**
   * @param perText longest single text. @default 2 Mi
   * @param total of all texts that are open at once. @default 16 Mi
   */
  constructor(perText: number = 2 * 1024 * 1024, total: number = 16 * 1024 * 1024) {
    this.#perText = perText;
    this.#left = total;
  }

  /** The part of `piece` there is room for, behind `length` units of the same text. */
  take(piece: string, length: number): string {
    const room = Math.max(Math.min(this.#left, this.#perText - length), 0);
    const taken = piece.length <= room ? piece : piece.slice(0, room);
    this.#left -= taken.length;
    return taken;
  }

  giveBack(length: number): void {
    this.#left += length;
  }
}

/** A text that arrives in pieces. */
export class BoundedText {
  readonly #budget: TextBudget;
  #text = "";

  constructor(budget: TextBudget) {
    this.#budget = budget;
  }

  append(piece: string): void {
    if (piece !== "") this.#text += this.#budget.take(piece, this.#text.length);
  }

  /** The whole text. It takes no more room, and starts anew. */
  close(): string {
    const text = this.#text;
    this.#text = "";
    this.#budget.giveBack(text.length);
    return text;
  }
}
