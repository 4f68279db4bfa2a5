import type { Api, ApiName } from "./api.ts";
import { chatApi } from "./chat/index.ts";
import { messagesApi } from "./messages/index.ts";
import { responsesApi } from "./responses/index.ts";

/** The APIs that are understood. */
export const apis: Readonly<Record<ApiName, Api>> = {
  messages: messagesApi,
  chat: chatApi,
  responses: responsesApi,
};
