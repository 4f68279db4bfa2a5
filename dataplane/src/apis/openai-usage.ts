import { asRecord, type JsonRecord } from "./json-kinds.ts";
import type { ObservedUsage } from "./observation.ts";
import { extraTokens, hasCounts, tokenCount } from "./token-counts.ts";

/** How an OpenAI API names its token counts. */
export interface UsageNames {
  readonly input: string;
  readonly inputDetails: string;
  readonly output: string;
}

/** What goes with the numbers of one answer. */
export interface UsageContext {
  readonly messageId: string;
  readonly serviceTier: string;
  /** True if the answer came to its end: its numbers are final. */
  readonly complete: boolean;
  /** Counts from outside of the usage object, under their paths. */
  readonly further?: Readonly<Record<string, number>>;
}

/**
 * The usage object of an OpenAI answer in disjoint columns. The input count holds cached and cache-write tokens there,
 * which are taken out, never below 0. Without numbers the usage is missing.
 */
export function openAiUsage(usage: unknown, names: UsageNames, context: UsageContext): ObservedUsage {
  const record: JsonRecord = asRecord(usage) ?? {};
  const details = asRecord(record[names.inputDetails]) ?? {};
  const cached = tokenCount(details.cached_tokens) ?? 0;
  const written = tokenCount(details.cache_write_tokens) ?? 0;
  const columns = new Set([
    names.input,
    names.output,
    `${names.inputDetails}.cached_tokens`,
    `${names.inputDetails}.cache_write_tokens`,
  ]);
  return {
    messageId: context.messageId,
    inputTokens: Math.max((tokenCount(record[names.input]) ?? 0) - cached - written, 0),
    outputTokens: tokenCount(record[names.output]) ?? 0,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: written,
    extra: { ...extraTokens(record, columns), ...context.further },
    source: hasCounts(record) ? (context.complete ? "reported" : "partial") : "missing",
    serviceTier: context.serviceTier,
  };
}
