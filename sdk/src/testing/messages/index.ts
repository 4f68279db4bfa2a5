import type { Renderer } from "../render.ts";
import { namedEvent } from "../sse.ts";
import { messagesError } from "./error.ts";
import { messagesEvents } from "./events.ts";
import { renderMessages } from "./render.ts";

/** Anthropic Messages, as the types of @anthropic-ai/sdk 1.12 describe it. */
export const messagesRenderer: Renderer = {
  idPrefix: "msg_",
  document: (answer, context) => renderMessages(answer, context).message,
  streamed: {
    events: (answer, context) => messagesEvents(renderMessages(answer, context)),
    failure: ({ type, message }) => [namedEvent({ type: "error", error: { type, message } })],
  },
  error: messagesError,
};
