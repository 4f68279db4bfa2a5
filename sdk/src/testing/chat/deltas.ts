import { splitText } from "../pieces.ts";
import type { ChatMessage, ToolCall } from "./message.ts";

/** The `delta` members that build up a message, beginning with the one that carries the role. */
export function deltasOf(message: ChatMessage, deltaLength: number): object[] {
  return [
    { role: "assistant", content: message.content === null ? null : "", refusal: null },
    ...textDeltas("reasoning_content", message.reasoning_content, deltaLength),
    ...textDeltas("reasoning", message.reasoning, deltaLength),
    ...textDeltas("content", message.content, deltaLength),
    ...textDeltas("refusal", message.refusal, deltaLength),
    ...(message.tool_calls ?? []).flatMap((call, index) => toolCallDeltas(call, index, deltaLength)),
    ...functionCallDeltas(message.function_call, deltaLength),
  ];
}

function textDeltas(member: string, text: string | null | undefined, deltaLength: number): object[] {
  return splitText(text ?? "", deltaLength).map((delta) => ({ [member]: delta }));
}

/** Id, type and name come once; the arguments follow under the same index. */
function toolCallDeltas(call: ToolCall, index: number, deltaLength: number): object[] {
  const { id, type } = call;
  if (call.type === "function") {
    const opening = { index, id, type, function: { name: call.function.name, arguments: "" } };
    const pieces = splitText(call.function.arguments, deltaLength);
    return [opening, ...pieces.map((piece) => ({ index, function: { arguments: piece } }))].map(inToolCalls);
  }
  const opening = { index, id, type, custom: { name: call.custom.name, input: "" } };
  const pieces = splitText(call.custom.input, deltaLength);
  return [opening, ...pieces.map((piece) => ({ index, custom: { input: piece } }))].map(inToolCalls);
}

function inToolCalls(call: object): object {
  return { tool_calls: [call] };
}

function functionCallDeltas(call: ChatMessage["function_call"], deltaLength: number): object[] {
  if (call === undefined) return [];
  const pieces = splitText(call.arguments, deltaLength);
  return [
    { function_call: { name: call.name, arguments: "" } },
    ...pieces.map((piece) => ({ function_call: { arguments: piece } })),
  ];
}
