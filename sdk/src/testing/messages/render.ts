import { type ModelAnswer, type Part, partsOf, type Stop, stopOf } from "../answer.ts";
import type { AnswerContext } from "../answer-context.ts";
import { usageOf } from "../usage.ts";
import { type Block, blocksOf } from "./blocks.ts";
import { deltaUsage, messageUsage, startUsage } from "./usage.ts";

/** An answer in the terms of Anthropic Messages; the document and the events are both made from it. */
export interface MessagesAnswer {
  /** The message as the non-streamed API answers it. */
  readonly message: Readonly<Record<string, unknown>>;
  readonly blocks: readonly Block[];
  /** The usage of message_start and of message_delta; absent when the answer reports none. */
  readonly startUsage: Readonly<Record<string, unknown>> | undefined;
  readonly deltaUsage: Readonly<Record<string, unknown>> | undefined;
  readonly pings: number;
}

const stopReasons: Readonly<Record<Stop, string>> = {
  end: "end_turn",
  length: "max_tokens",
  tool_use: "tool_use",
  refusal: "refusal",
  content_filter: "refusal",
  stop_sequence: "stop_sequence",
  pause: "pause_turn",
  context_window: "model_context_window_exceeded",
};

export function renderMessages(answer: ModelAnswer, context: AnswerContext): MessagesAnswer {
  const parts = partsOf(answer.content);
  const blocks = blocksOf(parts, context);
  const usage = usageOf(answer);
  const details = answer.messages ?? {};
  const tier = answer.serviceTier ?? "standard";
  return {
    message: {
      id: context.id,
      type: "message",
      role: "assistant",
      model: context.model,
      content: blocks.map((block) => block.whole),
      stop_reason: stopReasons[stopOf(answer.stop, parts)],
      stop_sequence: answer.stop === "stop_sequence" ? "\n\nHuman:" : null,
      stop_details: refusalDetails(answer, parts),
      container: null,
      ...(usage && { usage: { ...messageUsage(usage, tier), ...details.startUsage, ...details.deltaUsage } }),
      ...details.message,
    },
    blocks,
    startUsage: usage && { ...startUsage(usage, tier), ...details.startUsage },
    deltaUsage: usage && { ...deltaUsage(usage), ...details.deltaUsage },
    pings: details.pings ?? 1,
  };
}

function refusalDetails(answer: ModelAnswer, parts: readonly Part[]): object | null {
  if (stopReasons[stopOf(answer.stop, parts)] !== "refusal") return null;
  return { type: "refusal", category: null, explanation: null };
}
