/**
 * The server-sent events of the Messages API that carry facts, as far as they are read. Each has `event: <type>` and
 * `data: {"type":"<type>",…}`.
 *
 * | event | read from it |
 * |---|---|
 * | message_start | message.id, message.model, message.usage |
 * | content_block_start | index, content_block (tool_use, server_tool_use, mcp_tool_use, thinking) |
 * | content_block_delta | index, delta (input_json_delta.partial_json, thinking_delta.thinking) |
 * | content_block_stop | index |
 * | message_delta | usage, delta.stop_reason |
 * | message_stop | that it came |
 * | error | error.type, error.message |
 */
import { startsWithAt } from "../../sse/event.ts";

/** Block types that are calls of tools: the client's, Anthropic's own, and those of MCP connectors. */
export const toolBlockTypes: ReadonlySet<string> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);

const deltaHead = Buffer.from('{"type":"content_block_delta","index":');
const deltaMiddle = Buffer.from(',"delta":{"type":"');
const plainDeltas = ["text_delta", "signature_delta", "citations_delta", "compaction_delta"].map((type) =>
  Buffer.from(`${type}"`),
);

/**
 * True for a delta that surely carries no fact: visible text, signatures, citations. They are most of a stream, and are
 * told by their first bytes as the API writes them; written in any other way they are parsed like all others.
 */
export function isPlainDelta(data: Buffer, start: number): boolean {
  if (!startsWithAt(data, start, deltaHead)) return false;
  let at = start + deltaHead.length;
  while (isDigit(data[at])) at += 1;
  if (!startsWithAt(data, at, deltaMiddle)) return false;
  at += deltaMiddle.length;
  return plainDeltas.some((type) => startsWithAt(data, at, type));
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
