import type { RecordKind } from "../recorder.ts";

/** The interceptions that have a start and no end yet. */
export class OpenInterceptions {
  /** By id: whether a TokenUsage was recorded. */
  readonly #open: Map<string, boolean>;

  constructor(open: Iterable<readonly [id: string, hasUsage: boolean]> = []) {
    this.#open = new Map(open);
  }

  get size(): number {
    return this.#open.size;
  }

  list(): (readonly [id: string, hasUsage: boolean])[] {
    return [...this.#open];
  }

  /** Takes note of a record. */
  note(kind: RecordKind, interceptionId: string): void {
    if (kind === "interception") this.#open.set(interceptionId, false);
    else if (kind === "interceptionEnded") this.#open.delete(interceptionId);
    else if (kind === "tokenUsage" && this.#open.has(interceptionId)) this.#open.set(interceptionId, true);
  }

  /** Undoes the note of the record that was noted last. */
  takeBack(kind: RecordKind, interceptionId: string): void {
    if (kind === "interception") this.#open.delete(interceptionId);
    else if (kind === "interceptionEnded") this.#open.set(interceptionId, true);
    else if (kind === "tokenUsage" && this.#open.has(interceptionId)) this.#open.set(interceptionId, false);
  }
}
