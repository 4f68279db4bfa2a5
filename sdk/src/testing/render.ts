import type { ErrorAnswer, Failure, ModelAnswer, ProviderAnswer, RawAnswer } from "./answer.ts";
import { type AnswerContext, answerContext } from "./answer-context.ts";
import { chatRenderer } from "./chat/index.ts";
import type { Rendering } from "./delivery.ts";
import { messagesRenderer } from "./messages/index.ts";
import { compactRenderer } from "./responses/compact.ts";
import { responsesRenderer } from "./responses/index.ts";
import type { StreamEvents } from "./sse.ts";
import { type FullUsage, usageOf } from "./usage.ts";

/** How one API writes an answer down. */
export interface Renderer {
  readonly idPrefix: string;
  /** The answer of the non-streamed form. */
  document(answer: ModelAnswer, context: AnswerContext): object;
  /** Absent: the API has no streamed form. */
  readonly streamed?: StreamRenderer;
  /** Whether a failed answer is a document like any other, and no HTTP error. @default false */
  readonly failsInDocument?: boolean;
  error(answer: ErrorAnswer): object;
}

export interface StreamRenderer {
  events(answer: ModelAnswer, context: AnswerContext): StreamEvents;
  /** What a stream sends in place of its closing events when the model fails, after so many events. */
  failure(failure: Failure, answer: ModelAnswer, context: AnswerContext, sent: number): readonly Buffer[];
}

/** The APIs a model is asked through. */
export type ModelApi = "messages" | "chat" | "responses" | "compact";

const renderers: Readonly<Record<ModelApi, Renderer>> = {
  messages: messagesRenderer,
  chat: chatRenderer,
  responses: responsesRenderer,
  compact: compactRenderer,
};

/** A rendering, and what it says about itself if it is a whole answer of a model: no error, no failure, not raw. */
export interface RenderedAnswer extends Rendering {
  readonly answerId?: string;
  readonly usage?: FullUsage;
  /** The answer as the non-streamed form has it, with the same ids. */
  document?(): object;
}

/**
 * Writes an answer down in the form of an API: a stream of events when the request asks for one, else a document,
 * with the same content.
 *
 * @param request the parsed body of the request: its model, `stream` and options shape the answer
 */
export function renderAnswer(
  api: ModelApi,
  answer: ProviderAnswer,
  request: Readonly<Record<string, unknown>>,
): RenderedAnswer {
  if ("raw" in answer) return renderRaw(answer);
  const renderer = renderers[api];
  if ("error" in answer) return renderError(renderer, answer);
  const context = answerContext(answer, request, renderer.idPrefix);
  const rendering =
    request.stream === true && renderer.streamed !== undefined
      ? renderStream(renderer.streamed, answer, context)
      : renderDocument(renderer, answer, context);
  if (answer.failure !== undefined) return rendering;
  const document = () => renderer.document(answer, context);
  return { ...rendering, answerId: context.id, usage: usageOf(answer), document };
}

export function renderError(renderer: Pick<Renderer, "error">, answer: ErrorAnswer): Rendering {
  return json(answer.error.status, renderer.error(answer), answer.headers);
}

export function renderRaw({ raw }: RawAnswer): Rendering {
  const body = raw.body ?? [];
  const pieces = typeof body === "string" || body instanceof Uint8Array ? [body] : body;
  return {
    status: raw.status ?? 200,
    headers: raw.headers ?? {},
    body: pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece))),
  };
}

/** A JSON document as an answer. */
export function json(status: number, document: object, headers: Rendering["headers"] = {}): Rendering {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: [Buffer.from(JSON.stringify(document))],
  };
}

function renderDocument(renderer: Renderer, answer: ModelAnswer, context: AnswerContext): Rendering {
  const { failure } = answer;
  if (failure === undefined || renderer.failsInDocument === true) {
    return json(200, renderer.document(answer, context), answer.headers);
  }
  const { type, message, code, status } = failure;
  return renderError(renderer, {
    error: { status: status ?? 500, type, message, ...(code !== undefined && { code }) },
    ...(answer.headers && { headers: answer.headers }),
  });
}

function renderStream(renderer: StreamRenderer, answer: ModelAnswer, context: AnswerContext): Rendering {
  const { body, closing } = renderer.events(answer, context);
  const { failure } = answer;
  const before = failure === undefined ? body : body.slice(0, failure.afterEvents ?? body.length);
  const end = failure === undefined ? closing : renderer.failure(failure, answer, context, before.length);
  return {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      ...answer.headers,
    },
    body: [...before, ...end],
  };
}
