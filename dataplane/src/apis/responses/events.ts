/**
 * The server-sent events of the Responses API that carry facts. Each has `event: <type>` and
 * `data: {"type":"<type>",…}`; items are told apart by `output_index` (Copilot changes `item_id` on every event).
 *
 * | event | read from it |
 * |---|---|
 * | response.created | response.id, .model, .created_at |
 * | response.output_item.added | output_index, item: what is known of it if the stream is cut |
 * | …delta (see `deltaTexts`) | output_index, delta: the same |
 * | response.output_item.done | output_index, item |
 * | response.completed, .incomplete, .failed | response: id, model, status, incomplete_details, output, usage, tool_usage, service_tier, error |
 * | error | code, message |
 */
import { findMember } from "../../json/find-member.ts";
import type { SseEventReader } from "../../sse/event.ts";

/** Which text of an item a delta event extends. */
export interface DeltaText {
  readonly text: "input" | "summary" | "content" | "message";
  /** The event's member that numbers the parts of that text; undefined if it has but one. */
  readonly part: string | undefined;
}

export const deltaTexts: ReadonlyMap<string, DeltaText> = new Map<string, DeltaText>(
  Object.entries({
    "response.function_call_arguments.delta": { text: "input", part: undefined },
    "response.custom_tool_call_input.delta": { text: "input", part: undefined },
    "response.mcp_call_arguments.delta": { text: "input", part: undefined },
    "response.code_interpreter_call_code.delta": { text: "input", part: undefined },
    "response.reasoning_summary_text.delta": { text: "summary", part: "summary_index" },
    "response.reasoning_text.delta": { text: "content", part: "content_index" },
    "response.output_text.delta": { text: "message", part: "content_index" },
  } as const),
);

export const terminalTypes: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
]);

const outputTextDelta = Buffer.from("response.output_text.delta");

/** True for the most frequent event: a piece of visible text. */
export function isOutputText(reader: SseEventReader): boolean {
  return reader.isName(outputTextDelta);
}

/** The type of an event: its name, else the `type` in its data; "" if it has neither. */
export function eventType(reader: SseEventReader): string {
  if (reader.isNamed) return reader.name();
  const { data, dataStart, dataEnd } = reader;
  const at = findMember(data, dataStart, dataEnd, "type");
  const quoted =
    at === -1 ? undefined : /^"([\w.]+)"/.exec(data.toString("latin1", at, Math.min(at + 80, dataEnd)));
  return quoted?.[1] ?? "";
}
