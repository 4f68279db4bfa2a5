import type { AnsweredCall, ToolResultPart } from "../../tool-conversation.ts";

const notRun = "This call was not run. Call it again if it is still needed.";

/**
 * The item that answers a call.
 * @param caller raw JSON of the call's own member `caller`, "" if it has none
 */
export function callOutput({ call, result }: AnsweredCall, caller: string): string {
  const parts = result.isError ? asFailure(result.parts) : result.parts;
  const item = JSON.stringify({
    type: "function_call_output",
    call_id: call.callId,
    output: outputOf(parts),
  });
  return caller === "" ? item : `${item.slice(0, -1)},"caller":${caller}}`;
}

/** The item that answers a call which nobody ran. */
export function notRunOutput(callId: string): string {
  return JSON.stringify({ type: "function_call_output", call_id: callId, output: notRun });
}

/** The API has no member that says whether a call failed. */
function asFailure([first, ...rest]: readonly ToolResultPart[]): ToolResultPart[] {
  if (first?.kind !== "text")
    return [{ kind: "text", text: "The call failed." }, ...(first ? [first] : []), ...rest];
  return [{ kind: "text", text: `The call failed: ${first.text}` }, ...rest];
}

/** Texts alone as one string, which every server takes; with images a list of content. */
function outputOf(parts: readonly ToolResultPart[]) {
  const texts = parts.flatMap((part) => (part.kind === "text" ? [part.text] : []));
  return texts.length === parts.length ? texts.join("\n") : parts.map(contentOf);
}

function contentOf(part: ToolResultPart) {
  if (part.kind === "text") return { type: "input_text", text: part.text };
  return { type: "input_image", image_url: `data:${part.mimeType};base64,${part.data}` };
}
