import { openAiError } from "../openai-error.ts";
import type { Renderer } from "../render.ts";
import { dataEvent } from "../sse.ts";
import { completion } from "./completion.ts";
import { chatEvents } from "./events.ts";

/** OpenAI Chat Completions, as the types of openai 7.57 describe it. */
export const chatRenderer: Renderer = {
  idPrefix: "chatcmpl-",
  document: completion,
  streamed: {
    events: chatEvents,
    failure: ({ type, message, code }) => [
      dataEvent({ error: { message, type, param: null, code: code ?? "server_error" } }),
    ],
  },
  error: openAiError,
};
