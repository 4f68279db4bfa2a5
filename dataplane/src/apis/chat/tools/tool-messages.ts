import type { AnsweredCall, ToolResult, ToolResultPart } from "../../tool-conversation.ts";

/**
 * The results as messages, each as JSON text. The API takes nothing but text there, and has no mark for a failure: the
 * text says both.
 */
export function toolMessages(results: readonly AnsweredCall[]): string[] {
  return results.map(({ call, result }) =>
    JSON.stringify({ role: "tool", tool_call_id: call.callId, content: contentOf(result) }),
  );
}

function contentOf({ isError, parts }: ToolResult): string {
  const text = parts.map(textOf).join("\n");
  return isError ? `Error: ${text}` : text;
}

function textOf(part: ToolResultPart): string {
  return part.kind === "text" ? part.text : `[an image of type ${part.mimeType}, which cannot be shown here]`;
}
