import type { Api } from "../api.ts";
import { readErrorBody } from "../provider-error.ts";
import { errorBody } from "./error-body.ts";
import { ChatStreamObserver, observeAnswer } from "./observe.ts";
import { addIncludeUsage, readRequest } from "./request.ts";
import { withTools } from "./tools/conversation.ts";

/** OpenAI's Chat Completions API, also of compatible servers: `POST /v1/chat/completions`. */
export const chatApi: Api = {
  name: "chat",
  readRequest,
  addIncludeUsage,
  withTools,
  observeStream: (sink, options) => new ChatStreamObserver(sink, options),
  observeAnswer,
  readError: readErrorBody,
  errorBody,
};
