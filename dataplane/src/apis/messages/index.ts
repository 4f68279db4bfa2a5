import type { Api } from "../api.ts";
import { readErrorBody } from "../provider-error.ts";
import { errorBody } from "./error-body.ts";
import { MessagesStreamObserver, observeAnswer } from "./observe.ts";
import { readRequest } from "./request.ts";
import { withTools } from "./tools/conversation.ts";

/** Anthropic's Messages API: `POST /v1/messages`. */
export const messagesApi: Api = {
  name: "messages",
  readRequest,
  addIncludeUsage: (request) => request.bytes,
  withTools,
  observeStream: (sink, options) => new MessagesStreamObserver(sink, options),
  observeAnswer,
  readError: readErrorBody,
  errorBody,
};
