import { asArray, asRecord, asText } from "./json-kinds.ts";

/** What a user turn holds as far as its prompt is concerned. */
export interface UserTurn {
  /** The text parts, in order. */
  readonly texts: readonly string[];
  /** True if the turn also brings results of tools. */
  readonly hasToolResults: boolean;
}

/**
 * Reads the `content` of a user message: a string, or parts of which those of a kind in `textTypes` (and without a kind)
 * have a member `text`.
 */
export function readUserTurn(content: unknown, textTypes: readonly string[]): UserTurn {
  if (typeof content === "string") return { texts: [content], hasToolResults: false };
  const texts: string[] = [];
  let hasToolResults = false;
  for (const part of asArray(content)) {
    const record = asRecord(part);
    if (record === undefined) continue;
    if (record.type === "tool_result") hasToolResults = true;
    else if (textTypes.includes(asText(record.type))) texts.push(asText(record.text));
  }
  return { texts, hasToolResults };
}

/**
 * The prompt of a user turn: its text parts joined by newlines, without what clients inject as context unless nothing
 * else is left. Undefined if there is no text, and for tool results that come with injected context alone.
 */
export function promptText({ texts, hasToolResults }: UserTurn): string | undefined {
  const typed = texts.filter((text) => text !== "" && !isInjectedContext(text));
  if (typed.length > 0) return typed.join("\n");
  const all = hasToolResults ? "" : texts.filter((text) => text !== "").join("\n");
  return all === "" ? undefined : all;
}

/** Claude Code puts its reminders into parts of their own, wrapped in this tag. */
function isInjectedContext(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.startsWith("<system-reminder>") && trimmed.endsWith("</system-reminder>");
}
