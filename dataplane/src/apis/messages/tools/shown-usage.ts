import { asRecord, type JsonRecord } from "../../json-kinds.ts";
import { tokenCount } from "../../token-counts.ts";

/** Members of usage that count what was generated; all others say how large the context is. */
const outputMembers = ["output_tokens"] as const;

/**
 * The usage that a client sees of several turns: output summed, input and cache members of the last turn, because clients
 * take them for the size of the context; and an entry for each turn in `iterations`.
 */
export class ShownUsage {
  readonly #turns: JsonRecord[] = [];

  /** The turns before this one, and this one. */
  get turns(): number {
    return this.#turns.length;
  }

  begin(): void {
    this.#turns.push({});
  }

  /** Takes cumulative numbers of the turn under way; null members say nothing. */
  merge(usage: unknown): void {
    const known = Object.entries(asRecord(usage) ?? {}).filter(([, value]) => value !== null);
    const last = this.#turns.length - 1;
    this.#turns[last] = { ...this.#turns[last], ...Object.fromEntries(known) };
  }

  /** The usage as of now. */
  shown(): JsonRecord {
    const last = this.#turns.at(-1) ?? {};
    const sums = outputMembers.map((member) => [
      member,
      this.#turns.reduce((sum, turn) => sum + (tokenCount(turn[member]) ?? 0), 0),
    ]);
    const iterations = this.#turns.flatMap((turn) =>
      Array.isArray(turn.iterations) ? turn.iterations : [iteration(turn)],
    );
    return { ...last, ...Object.fromEntries(sums), iterations };
  }
}

function iteration(turn: JsonRecord): JsonRecord {
  const {
    input_tokens = 0,
    output_tokens = 0,
    cache_read_input_tokens = 0,
    cache_creation_input_tokens = 0,
  } = turn;
  return {
    type: "message",
    input_tokens,
    output_tokens,
    cache_read_input_tokens,
    cache_creation_input_tokens,
  };
}
