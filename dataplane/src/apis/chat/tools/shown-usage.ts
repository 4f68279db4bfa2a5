import type { JsonObject } from "../../../json/json-object.ts";
import { type MemberEdit, rewriteMembers } from "../../../json/rewrite-members.ts";
import { asRecord, type JsonRecord } from "../../json-kinds.ts";
import { tokenCount } from "../../token-counts.ts";

const output = "completion_tokens";
const outputDetails = "completion_tokens_details";

/**
 * The usage that a client sees of several turns: output summed; input of the last turn, because clients take it for the
 * size of the context.
 */
export class ShownUsage {
  /** The last usage object of each turn, {} for none. */
  readonly #turns: JsonRecord[] = [];

  begin(): void {
    this.#turns.push({});
  }

  /** Takes a usage object of the turn under way; the last one counts. */
  set(usage: unknown): void {
    this.#turns[this.#turns.length - 1] = asRecord(usage) ?? {};
  }

  /** The usage object of the turn under way with the output of the turns before; undefined if there were none. */
  edit(usage: JsonObject): MemberEdit {
    if (this.#turns.length === 1) return undefined;
    return rewriteMembers(usage, (name) => {
      if (name === output) return this.#sum((turn) => turn[output]);
      if (name === "total_tokens") return this.#total(usage.get(name));
      const details = name === outputDetails ? usage.object(name) : undefined;
      return details && rewriteMembers(details, (detail) => this.#detailsSum(detail));
    });
  }

  #total(last: unknown): MemberEdit {
    const before = this.#turns.slice(0, -1).map((turn) => tokenCount(turn[output]) ?? 0);
    const total = tokenCount(last);
    return total === undefined ? undefined : String(before.reduce((sum, count) => sum + count, total));
  }

  #detailsSum(detail: string): MemberEdit {
    return this.#sum((turn) => asRecord(turn[outputDetails])?.[detail]);
  }

  /** The sum over all turns; undefined if it is no count in the last one. */
  #sum(count: (turn: JsonRecord) => unknown): MemberEdit {
    const counts = this.#turns.map((turn) => tokenCount(count(turn)));
    if (counts.at(-1) === undefined) return undefined;
    return String(counts.reduce<number>((sum, value) => sum + (value ?? 0), 0));
  }
}
