import type { JsonObject } from "../../json/json-object.ts";
import type { ObservedUsage } from "../observation.ts";
import { openAiUsage } from "../openai-usage.ts";
import { extraTokens } from "../token-counts.ts";

const names = { input: "input_tokens", inputDetails: "input_tokens_details", output: "output_tokens" };
const noColumns: ReadonlySet<string> = new Set();

/**
 * The usage of a response: `usage`, and the counts of `tool_usage` (web searches, image generation), which stand outside
 * of it. `response` is undefined if the answer never came to its end: only then is it known.
 */
export function responsesUsage(messageId: string, response: JsonObject | undefined): ObservedUsage {
  return openAiUsage(response?.get("usage"), names, {
    messageId,
    serviceTier: response?.string("service_tier") ?? "",
    complete: true,
    further: extraTokens(response?.get("tool_usage"), noColumns, "tool_usage."),
  });
}
