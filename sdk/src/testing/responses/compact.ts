import type { ModelAnswer } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { openAiError } from "../openai-error.ts";
import type { Renderer } from "../render.ts";
import { usageOf } from "../usage.ts";
import { responseUsage } from "./usage.ts";

/** `POST /v1/responses/compact`: one encrypted item in place of the conversation. It is never streamed. */
export const compactRenderer: Renderer = {
  idPrefix: "resp_",
  document: compaction,
  error: openAiError,
};

function compaction(answer: ModelAnswer, context: AnswerContext): object {
  const usage = usageOf(answer);
  return {
    id: context.id,
    object: "response.compaction",
    created_at: context.created,
    output: [{ type: "compaction", id: context.callId("cmp", 0), encrypted_content: "Y29tcGFjdGVk" }],
    ...(usage && { usage: { ...responseUsage(usage), ...answer.responses?.usage } }),
  };
}
