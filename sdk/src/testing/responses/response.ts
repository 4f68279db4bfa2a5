import { type ModelAnswer, type Part, partsOf, stopOf } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { usageOf } from "../usage.ts";
import type { OutputItem } from "./items.ts";
import { responseUsage, toolUsage } from "./usage.ts";

/** Members of a response that repeat what was asked, with what the API answers when it was not. */
const repeatedMembers: Readonly<Record<string, unknown>> = {
  background: false,
  conversation: undefined,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: true,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  user: null,
};

/** What the model says: nothing when it is only asked to warm up (`generate: false`). */
export function responseParts(answer: ModelAnswer, context: AnswerContext): readonly Part[] {
  return context.request.generate === false ? [] : partsOf(answer.content);
}

/** The response before anything was generated, as in response.created. */
export function openResponse(answer: ModelAnswer, context: AnswerContext): Record<string, unknown> {
  return {
    ...responseMembers(answer, context),
    status: "in_progress",
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
    ...answer.responses?.response,
  };
}

/** The response as in its terminal event and in the non-streamed form; its status is one of the three final ones. */
export function finalResponse(
  answer: ModelAnswer,
  context: AnswerContext,
  output: readonly OutputItem[],
): Record<string, unknown> {
  const usage = usageOf(answer);
  const tools = { ...toolUsage(usage), ...answer.responses?.toolUsage };
  return {
    ...responseMembers(answer, context),
    completed_at: context.created,
    ...verdict(answer, context),
    output: output.map((item) => item.whole),
    ...(usage && { usage: { ...responseUsage(usage), ...answer.responses?.usage } }),
    ...(Object.keys(tools).length > 0 && { tool_usage: tools }),
    ...answer.responses?.response,
  };
}

function responseMembers(answer: ModelAnswer, context: AnswerContext): Record<string, unknown> {
  const repeated = Object.entries(repeatedMembers).map(([name, otherwise]) => [
    name,
    context.request[name] ?? otherwise,
  ]);
  return {
    id: context.id,
    object: "response",
    created_at: context.created,
    model: context.model,
    service_tier: answer.serviceTier ?? "default",
    ...Object.fromEntries(repeated),
  };
}

function verdict(answer: ModelAnswer, context: AnswerContext): object {
  if (answer.failure !== undefined) {
    const { code, message } = answer.failure;
    return { status: "failed", error: { code: code ?? "server_error", message }, incomplete_details: null };
  }
  const reason = incompleteReason(answer, context);
  if (reason !== undefined) return { status: "incomplete", error: null, incomplete_details: { reason } };
  return { status: "completed", error: null, incomplete_details: null };
}

function incompleteReason(answer: ModelAnswer, context: AnswerContext): string | undefined {
  const stop = stopOf(answer.stop, responseParts(answer, context));
  if (stop === "length" || stop === "context_window") return "max_output_tokens";
  return stop === "content_filter" ? "content_filter" : undefined;
}
