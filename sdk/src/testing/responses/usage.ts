import type { FullUsage } from "../usage.ts";

/** The usage object of OpenAI Responses: cache reads and writes are part of the input tokens. */
export function responseUsage(usage: FullUsage): Record<string, unknown> {
  const input = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + usage.output,
  };
}

/** What the provider's own tools used, which the usage object leaves out. */
export function toolUsage(usage: FullUsage | undefined): Record<string, unknown> | undefined {
  if (usage?.webSearches === undefined) return undefined;
  return { web_search: { num_requests: usage.webSearches } };
}
