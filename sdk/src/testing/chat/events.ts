import type { ModelAnswer } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { dataEvent, type StreamEvents } from "../sse.ts";
import { completionMembers, completionUsage } from "./completion.ts";
import { deltasOf } from "./deltas.ts";
import { type Choice, choicesOf } from "./message.ts";

/** The chunks of a streamed completion; the closing ones are the finish reasons, the usage and `[DONE]`. */
export function chatEvents(answer: ModelAnswer, context: AnswerContext): StreamEvents {
  const choices = choicesOf(answer, context);
  const usage = completionUsage(answer);
  const placement = answer.chat?.usagePlacement ?? "own-chunk";
  const ownChunk = placement === "own-chunk" && includesUsage(context) && usage !== undefined;
  const chunk = (members: object): Buffer =>
    dataEvent({
      ...completionMembers(answer, context, "chat.completion.chunk"),
      ...members,
    });
  const withoutUsage = ownChunk ? { usage: null } : {};
  const besideUsage = placement === "beside-choices" && usage !== undefined ? { usage } : withoutUsage;
  return {
    body: choices.flatMap((choice) =>
      deltasOf(choice.message, context.deltaLength).map((delta) =>
        chunk({ choices: [chunkChoice(choice, delta, null)], ...withoutUsage }),
      ),
    ),
    closing: [
      ...choices.map((choice) =>
        chunk({ choices: [chunkChoice(choice, {}, choice.finishReason)], ...besideUsage }),
      ),
      ...(ownChunk ? [chunk({ choices: [], usage })] : []),
      ...(answer.chat?.done === false ? [] : [dataEvent("[DONE]")]),
    ],
  };
}

function chunkChoice(choice: Choice, delta: object, finishReason: string | null): object {
  return { index: choice.index, delta, logprobs: null, finish_reason: finishReason };
}

function includesUsage({ request }: AnswerContext): boolean {
  const options = request.stream_options;
  return (
    typeof options === "object" &&
    options !== null &&
    "include_usage" in options &&
    options.include_usage === true
  );
}
