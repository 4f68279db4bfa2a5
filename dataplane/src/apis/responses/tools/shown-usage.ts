import { asRecord, type JsonRecord } from "../../json-kinds.ts";
import { tokenCount } from "../../token-counts.ts";

/**
 * The usage that a client sees of several turns: output summed with its details, input and cache members of the last turn,
 * because clients take them for the size of the context.
 */
export class ShownUsage {
  #output = 0;
  readonly #details: Record<string, number> = {};
  #last: JsonRecord | undefined;

  /** Takes the usage of the next turn; anything but an object says nothing. */
  add(usage: unknown): void {
    const record = asRecord(usage);
    if (record === undefined) return;
    this.#last = record;
    this.#output += tokenCount(record.output_tokens) ?? 0;
    for (const [name, value] of Object.entries(asRecord(record.output_tokens_details) ?? {}))
      this.#details[name] = (this.#details[name] ?? 0) + (tokenCount(value) ?? 0);
  }

  /** The usage of all turns so far; null if no turn brought any. */
  shown(): JsonRecord | null {
    const last = this.#last;
    if (last === undefined) return null;
    return {
      ...last,
      output_tokens: this.#output,
      ...(Object.keys(this.#details).length > 0 && { output_tokens_details: this.#details }),
      total_tokens: (tokenCount(last.input_tokens) ?? 0) + this.#output,
    };
  }
}
