import type { ThinkingPart } from "../answer.ts";
import { splitText } from "../pieces.ts";
import type { ItemEvent, OutputItem } from "./items.ts";

/** What encrypted_content is before the item is done: another text, of no use to anyone who keeps it. */
const unfinishedEncryptedContent = "dW5maW5pc2hlZA==";

/** A reasoning item: its summary parts, its reasoning text parts, and its encrypted form. */
export function reasoningItem(part: ThinkingPart, id: string, deltaLength: number): OutputItem {
  const summary = part.summary ?? (part.text === "" || part.reasoning !== undefined ? [] : [part.text]);
  const reasoning = part.reasoning ?? [];
  const base = { type: "reasoning", id };
  const encrypted = part.encryptedContent !== undefined;
  return {
    whole: {
      ...base,
      summary: summary.map(summaryPart),
      ...(reasoning.length > 0 && { content: reasoning.map(reasoningPart) }),
      ...(encrypted && { encrypted_content: part.encryptedContent }),
    },
    added: { ...base, summary: [], ...(encrypted && { encrypted_content: unfinishedEncryptedContent }) },
    events: [
      ...summary.flatMap((text, index) => summaryEvents(text, index, deltaLength)),
      ...reasoning.flatMap((text, index) => reasoningEvents(text, index, deltaLength)),
    ],
  };
}

function summaryPart(text: string): object {
  return { type: "summary_text", text };
}

function reasoningPart(text: string): object {
  return { type: "reasoning_text", text };
}

function summaryEvents(text: string, index: number, deltaLength: number): ItemEvent[] {
  const at = { summary_index: index };
  return [
    { type: "response.reasoning_summary_part.added", ...at, part: summaryPart("") },
    ...splitText(text, deltaLength).map((delta) => ({
      type: "response.reasoning_summary_text.delta",
      ...at,
      delta,
    })),
    { type: "response.reasoning_summary_text.done", ...at, text },
    { type: "response.reasoning_summary_part.done", ...at, part: summaryPart(text) },
  ];
}

function reasoningEvents(text: string, index: number, deltaLength: number): ItemEvent[] {
  const at = { content_index: index };
  return [
    { type: "response.content_part.added", ...at, part: reasoningPart("") },
    ...splitText(text, deltaLength).map((delta) => ({ type: "response.reasoning_text.delta", ...at, delta })),
    { type: "response.reasoning_text.done", ...at, text },
    { type: "response.content_part.done", ...at, part: reasoningPart(text) },
  ];
}
