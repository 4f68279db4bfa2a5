import { type GetInterceptionResponse, ThoughtSource, UsageSource } from "@aibridge/proto";
import type { Observation } from "../fixtures/story.ts";

/** What a story says must be learned, and what was stored, in one comparable form. */
export interface ObservedRecords {
  readonly usages: unknown[];
  readonly toolCalls: unknown[];
  readonly thoughts: unknown[];
}

const sources = {
  reported: UsageSource.REPORTED,
  partial: UsageSource.PARTIAL,
  missing: UsageSource.MISSING,
};
const thoughtSources = {
  thinking: ThoughtSource.THINKING,
  reasoning_summary: ThoughtSource.REASONING_SUMMARY,
  reasoning: ThoughtSource.REASONING,
  commentary: ThoughtSource.COMMENTARY,
};

/** The records that a story's observations must become. */
export function expectedRecords(observations: readonly Observation[]): ObservedRecords {
  const records: ObservedRecords = { usages: [], toolCalls: [], thoughts: [] };
  for (const one of observations) {
    if ("usage" in one)
      records.usages.push({
        ...one.usage,
        source: sources[one.usage.source],
        metadata: one.usage.metadata ?? {},
      });
    else if ("toolCall" in one) records.toolCalls.push(one.toolCall);
    else if ("thought" in one)
      records.thoughts.push({ ...one.thought, source: thoughtSources[one.thought.source] });
  }
  return records;
}

/** What was stored. */
export function storedRecords(found: GetInterceptionResponse): ObservedRecords {
  return {
    usages: found.tokenUsages.map((usage) => ({
      messageId: usage.messageId,
      inputTokens: Number(usage.inputTokens),
      outputTokens: Number(usage.outputTokens),
      cacheReadInputTokens: Number(usage.cacheReadInputTokens),
      cacheWriteInputTokens: Number(usage.cacheWriteInputTokens),
      extra: Object.fromEntries(
        Object.entries(usage.extraTokenTypes).map(([type, count]) => [type, Number(count)]),
      ),
      source: usage.source,
      serviceTier: usage.serviceTier,
      metadata: usage.metadata ?? {},
    })),
    toolCalls: found.toolUsages.map(({ messageId, toolCallId, tool, input }) => ({
      messageId,
      callId: toolCallId,
      tool,
      input,
    })),
    thoughts: found.modelThoughts.map(({ messageId, content, source }) => ({ messageId, content, source })),
  };
}
