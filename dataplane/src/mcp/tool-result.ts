import type { CallToolResult } from "@modelcontextprotocol/client";
import { limitText } from "../apis/limit-text.ts";
import type { ToolResult, ToolResultPart } from "../apis/tool-conversation.ts";

/** Image types that the providers take. */
const imageTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** What the model is told of a call that brought no result. */
export function errorResult(message: string): ToolResult {
  return { isError: true, parts: [{ kind: "text", text: message }] };
}

/**
 * What the model gets of a server's result: texts and images as they are; sound, files and links as a notice (links are
 * never fetched); kinds nobody knows yet as JSON text. `structuredContent` counts only where there is no content.
 * @param maxBytes of all texts (in UTF-8) and images together; what is more is cut, with a notice
 */
export function toolResult(result: CallToolResult, maxBytes: number): ToolResult {
  const budget = { left: maxBytes };
  const parts = contentOf(result).flatMap((part) => within(budget, part));
  if (parts.length === 0) parts.push({ kind: "text", text: "(no content)" });
  return { isError: result.isError === true, parts };
}

function contentOf({ content, structuredContent }: CallToolResult): ToolResultPart[] {
  if (content.length === 0 && structuredContent !== undefined)
    return [text(JSON.stringify(structuredContent))];
  return content.map((block) => partOf(block));
}

function partOf(block: CallToolResult["content"][number]): ToolResultPart {
  switch (block.type) {
    case "text":
      return text(block.text);
    case "image":
      if (imageTypes.has(block.mimeType))
        return { kind: "image", mimeType: block.mimeType, data: block.data };
      return text(`[an image of type ${block.mimeType}, which cannot be shown here]`);
    case "audio":
      return text(`[a sound of type ${block.mimeType}, which cannot be played here]`);
    case "resource":
      if ("text" in block.resource) return text(block.resource.text);
      return text(`[a file: ${block.resource.uri}${ofType(block.resource.mimeType)}]`);
    case "resource_link":
      return text(`[a link: ${block.name} ${block.uri}${ofType(block.mimeType)}]`);
    default:
      return text(JSON.stringify(block));
  }
}

function text(value: string): ToolResultPart {
  return { kind: "text", text: value.toWellFormed() };
}

function ofType(mimeType: string | undefined): string {
  return mimeType === undefined ? "" : ` (${mimeType})`;
}

/** The part, or what fits of it, with a notice of what does not. */
function within(budget: { left: number }, part: ToolResultPart): ToolResultPart[] {
  const bytes = part.kind === "text" ? Buffer.byteLength(part.text) : part.data.length;
  const fits = bytes <= budget.left;
  const room = budget.left;
  budget.left = Math.max(0, room - bytes);
  if (fits) return [part];
  if (part.kind === "image")
    return [text(`[an image of ${bytes} bytes was left out: the result is too large]`)];
  const kept = limitText(part.text, room);
  return [text(`${kept.text}\n[cut: the result is ${kept.truncatedBytes} bytes longer]`)];
}
