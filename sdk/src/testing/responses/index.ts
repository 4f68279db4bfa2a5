import type { ModelAnswer } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { openAiError } from "../openai-error.ts";
import type { Renderer } from "../render.ts";
import { responsesEvents, responsesFailure } from "./events.ts";
import { itemsOf } from "./items.ts";
import { finalResponse, responseParts } from "./response.ts";

/** OpenAI Responses, as the types of openai 7.57 describe it. A failed response is a document of status 200. */
export const responsesRenderer: Renderer = {
  idPrefix: "resp_",
  document: wholeResponse,
  streamed: { events: responsesEvents, failure: responsesFailure },
  failsInDocument: true,
  error: openAiError,
};

function wholeResponse(answer: ModelAnswer, context: AnswerContext): object {
  return finalResponse(answer, context, itemsOf(responseParts(answer, context), context));
}
