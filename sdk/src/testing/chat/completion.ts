import type { ModelAnswer } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { usageOf } from "../usage.ts";
import { choicesOf } from "./message.ts";
import { chatUsage } from "./usage.ts";

/** A completion as the non-streamed API answers it. */
export function completion(answer: ModelAnswer, context: AnswerContext): object {
  const usage = completionUsage(answer);
  return {
    ...completionMembers(answer, context, "chat.completion"),
    choices: choicesOf(answer, context).map(({ index, message, finishReason }) => ({
      index,
      message,
      logprobs: null,
      finish_reason: finishReason,
    })),
    ...(usage && { usage }),
  };
}

/** The members that a completion and each of its chunks have alike. */
export function completionMembers(answer: ModelAnswer, context: AnswerContext, object: string): object {
  return {
    id: context.id,
    object,
    created: context.created,
    model: context.model,
    service_tier: answer.serviceTier ?? "default",
    system_fingerprint: "fp_scripted",
    ...answer.chat?.body,
  };
}

export function completionUsage(answer: ModelAnswer): Record<string, unknown> | undefined {
  const usage = usageOf(answer);
  return usage && { ...chatUsage(usage), ...answer.chat?.usage };
}
