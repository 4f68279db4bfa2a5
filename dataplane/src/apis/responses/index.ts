import type { Api } from "../api.ts";
import { readErrorBody } from "../provider-error.ts";
import { errorBody } from "./error-body.ts";
import { observeAnswer, ResponsesStreamObserver } from "./observe.ts";
import { readRequest } from "./request.ts";
import { withTools } from "./tools/conversation.ts";

/** OpenAI's Responses API: `POST /v1/responses` and `/v1/responses/compact`. */
export const responsesApi: Api = {
  name: "responses",
  readRequest,
  addIncludeUsage: (request) => request.bytes,
  goesOnFrom: ({ body }) => body.string("previous_response_id"),
  withTools,
  observeStream: (sink, options) => new ResponsesStreamObserver(sink, options),
  observeAnswer,
  readError: readErrorBody,
  errorBody,
};
