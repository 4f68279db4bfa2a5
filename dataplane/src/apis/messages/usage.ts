import { asArray, asRecord, asText, type JsonRecord } from "../json-kinds.ts";
import type { ObservedUsage, UsageSource } from "../observation.ts";
import { extraTokens, hasCounts, tokenCount } from "../token-counts.ts";

/** Usage members that have a column of their own, and `iterations`, which become usages of their own. */
const columns: ReadonlySet<string> = new Set([
  "input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "iterations",
]);

/** Iterations whose tokens the top-level totals leave out: another request of the server, or another model's. */
const separateIterations: ReadonlySet<unknown> = new Set(["compaction", "advisor_message"]);

/** More iterations than this in one answer are not recorded one by one. */
const maxIterations = 256;

/**
 * The usage of one answer. `message_start` and every `message_delta` bring cumulative numbers of the same answer, each
 * only some members: a later one that is not null replaces the earlier, none is ever added.
 */
export class MessagesUsage {
  #usage: JsonRecord = {};
  #isKnown = false;

  merge(usage: unknown): void {
    const record = asRecord(usage);
    if (record === undefined) return;
    this.#isKnown ||= hasCounts(record);
    this.#usage = merged(this.#usage, record);
  }

  /** The answer's usage, and one further usage for each iteration that its totals leave out. */
  observed(messageId: string, model: string, complete: boolean): ObservedUsage[] {
    const source = this.#isKnown ? (complete ? "reported" : "partial") : "missing";
    const metadata = pricingFacts(this.#usage);
    const usages = [
      { ...counts(this.#usage, messageId, source), ...(metadata === undefined ? {} : { metadata }) },
    ];
    for (const [index, iteration] of asArray(this.#usage.iterations).slice(0, maxIterations).entries()) {
      const record = asRecord(iteration);
      if (record === undefined || !separateIterations.has(record.type)) continue;
      const type = asText(record.type);
      const iterationModel = asText(record.model) || model;
      const about = { iteration: index + 1, type, model: iterationModel.toWellFormed() };
      usages.push({ ...counts(record, messageId, source), metadata: about });
    }
    return usages;
  }
}

/** Members of `later` that are not null in place of those of `earlier`; objects member by member. */
function merged(earlier: JsonRecord, later: JsonRecord): JsonRecord {
  const result: Record<string, unknown> = { ...earlier };
  for (const name of Object.keys(later)) {
    const value = later[name];
    if (value === null || name === "__proto__") continue;
    const before = asRecord(result[name]);
    const after = asRecord(value);
    result[name] =
      before !== undefined && after !== undefined ? { ...before, ...withoutNulls(after) } : value;
  }
  return result;
}

function withoutNulls(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function counts(usage: JsonRecord, messageId: string, source: UsageSource): ObservedUsage {
  return {
    messageId,
    inputTokens: tokenCount(usage.input_tokens) ?? 0,
    outputTokens: tokenCount(usage.output_tokens) ?? 0,
    cacheReadInputTokens: tokenCount(usage.cache_read_input_tokens) ?? 0,
    cacheWriteInputTokens: tokenCount(usage.cache_creation_input_tokens) ?? 0,
    extra: extraTokens(usage, columns),
    source,
    serviceTier: asText(usage.service_tier),
  };
}

/** Members beside the counts that decide the price, and the values that say nothing. */
const pricingMembers = { speed: "standard", inference_geo: "not_available" };

/** What else decides the price, where it is not the ordinary: `speed` ("fast" costs more) and `inference_geo`. */
function pricingFacts(usage: JsonRecord): Record<string, string> | undefined {
  const facts: Record<string, string> = {};
  for (const [name, ordinary] of Object.entries(pricingMembers)) {
    const value = asText(usage[name]);
    if (value !== "" && value !== ordinary) facts[name] = value.toWellFormed();
  }
  return Object.keys(facts).length === 0 ? undefined : facts;
}
