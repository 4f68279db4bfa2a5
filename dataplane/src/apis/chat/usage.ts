import type { ObservedUsage } from "../observation.ts";
import { openAiUsage, type UsageContext } from "../openai-usage.ts";

const names = { input: "prompt_tokens", inputDetails: "prompt_tokens_details", output: "completion_tokens" };

/** The usage of a Chat answer: the last usage object seen, beside choices or in a chunk of its own. */
export function chatUsage(usage: unknown, context: UsageContext): ObservedUsage {
  return openAiUsage(usage, names, context);
}
