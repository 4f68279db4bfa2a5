import type { UsageIteration } from "../answer.ts";
import type { FullUsage } from "../usage.ts";

/** The usage object of a whole message (`BetaUsage` of @anthropic-ai/sdk). */
export function messageUsage(usage: FullUsage, serviceTier: string): Record<string, unknown> {
  return { ...startUsage(usage, serviceTier), ...deltaUsage(usage) };
}

/** The usage of message_start: the split of cache writes, tier, speed and region are only here. */
export function startUsage(usage: FullUsage, serviceTier: string): Record<string, unknown> {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    // What the model has produced when the first event leaves.
    output_tokens: Math.min(1, usage.output),
    service_tier: serviceTier,
    inference_geo: "not_available",
  };
}

/** The usage of message_delta: cumulative totals, null where there is nothing to tell. */
export function deltaUsage(usage: FullUsage): Record<string, unknown> {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
    server_tool_use:
      usage.webSearches === undefined
        ? null
        : { web_search_requests: usage.webSearches, web_fetch_requests: 0 },
    ...(usage.reasoning !== undefined && { output_tokens_details: { thinking_tokens: usage.reasoning } }),
    ...(usage.iterations && { iterations: usage.iterations.map(iteration) }),
  };
}

function iteration(of: UsageIteration): Record<string, unknown> {
  const cacheWrite = of.cacheWrite ?? 0;
  return {
    type: of.type,
    ...(of.model !== undefined && { model: of.model }),
    input_tokens: of.input,
    output_tokens: of.output,
    cache_read_input_tokens: of.cacheRead ?? 0,
    cache_creation_input_tokens: cacheWrite,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
}
