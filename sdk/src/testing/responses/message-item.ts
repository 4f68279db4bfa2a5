import type { RefusalPart, TextPart } from "../answer.ts";
import { splitText } from "../pieces.ts";
import type { ItemEvent, OutputItem } from "./items.ts";

/** An assistant message with one content part, a text or a refusal. */
export function messageItem(part: TextPart | RefusalPart, id: string, deltaLength: number): OutputItem {
  const phase = part.type === "text" && part.phase !== undefined ? { phase: part.phase } : {};
  const base = { type: "message", id, role: "assistant", ...phase };
  return {
    whole: { ...base, status: "completed", content: [contentPart(part, part.text)] },
    added: { ...base, status: "in_progress", content: [] },
    events: [
      { type: "response.content_part.added", content_index: 0, part: contentPart(part, "") },
      ...(part.type === "text" ? textEvents(part.text, deltaLength) : refusalEvents(part.text, deltaLength)),
      { type: "response.content_part.done", content_index: 0, part: contentPart(part, part.text) },
    ],
  };
}

function contentPart(part: TextPart | RefusalPart, text: string): object {
  if (part.type === "refusal") return { type: "refusal", refusal: text };
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function textEvents(text: string, deltaLength: number): ItemEvent[] {
  const common = { content_index: 0, logprobs: [] };
  return [
    ...splitText(text, deltaLength).map((delta) => ({
      type: "response.output_text.delta",
      ...common,
      delta,
    })),
    { type: "response.output_text.done", ...common, text },
  ];
}

function refusalEvents(refusal: string, deltaLength: number): ItemEvent[] {
  return [
    ...splitText(refusal, deltaLength).map((delta) => ({
      type: "response.refusal.delta",
      content_index: 0,
      delta,
    })),
    { type: "response.refusal.done", content_index: 0, refusal },
  ];
}
