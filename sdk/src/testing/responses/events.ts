import type { Failure, ModelAnswer } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { namedEvent, type StreamEvents } from "../sse.ts";
import { itemsOf, type OutputItem } from "./items.ts";
import { finalResponse, openResponse, responseParts } from "./response.ts";

interface EventMembers {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The events of a streamed response, numbered in the order they are sent. */
export function responsesEvents(answer: ModelAnswer, context: AnswerContext): StreamEvents {
  const items = itemsOf(responseParts(answer, context), context);
  const opening = openResponse(answer, context);
  const final = finalResponse(answer, context, items);
  const body = [
    { type: "response.created", response: opening },
    { type: "response.in_progress", response: opening },
    ...Array.from({ length: answer.responses?.keepalives ?? 0 }, () => ({ type: "keepalive" })),
    ...items.flatMap(itemEvents),
  ];
  const closing = [{ type: `response.${final.status}`, response: final }];
  return { body: numbered(body, 0), closing: numbered(closing, body.length) };
}

/** What ends a stream when the model fails in the middle of it: the flat error event, response.failed, or both. */
export function responsesFailure(
  failure: Failure,
  answer: ModelAnswer,
  context: AnswerContext,
  sent: number,
): Buffer[] {
  const { message, code } = failure;
  const finished = failure.afterEvents === undefined ? itemsOf(responseParts(answer, context), context) : [];
  const form = answer.responses?.failureEvents ?? "both";
  const error = { type: "error", code: code ?? "server_error", message, param: null };
  const failed = { type: "response.failed", response: finalResponse(answer, context, finished) };
  return numbered([...(form === "failed" ? [] : [error]), ...(form === "error" ? [] : [failed])], sent);
}

function itemEvents(item: OutputItem, index: number): EventMembers[] {
  const at = { output_index: index };
  return [
    { type: "response.output_item.added", ...at, item: item.added },
    ...item.events.map(({ type, ...members }) => ({ type, item_id: item.whole.id, ...at, ...members })),
    { type: "response.output_item.done", ...at, item: item.whole },
  ];
}

function numbered(events: readonly EventMembers[], first: number): Buffer[] {
  return events.map(({ type, ...members }, index) =>
    namedEvent({ type, sequence_number: first + index, ...members }),
  );
}
