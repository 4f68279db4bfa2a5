import { isSpecType, type JSONRPCMessage, type Transport } from "@modelcontextprotocol/client";
import { limitText } from "../apis/limit-text.ts";

/** Longest JSON text of content that is of no known kind, in bytes: it is meant to be read, and may hold a whole file. */
const maxUnknownBytes = 4096;

/**
 * Lets results with content of kinds that came after this version of MCP reach the client: the client library refuses a
 * result for one part that it does not know. To be called once the connection is made, when the library listens.
 */
export function takeUnknownContent(transport: Pick<Transport, "onmessage">): void {
  const deliver = transport.onmessage;
  transport.onmessage = (message, extra) => deliver?.(withKnownContent(message), extra);
}

/** The message with what is no content of MCP as JSON text; the same object where there is none. */
export function withKnownContent<Message extends JSONRPCMessage>(message: Message): Message {
  if (!("result" in message)) return message;
  const { content } = message.result;
  if (!Array.isArray(content) || content.every(isSpecType.ContentBlock)) return message;
  const known = content.map((part) => (isSpecType.ContentBlock(part) ? part : asText(part)));
  return { ...message, result: { ...message.result, content: known } };
}

function asText(part: unknown) {
  const { text, truncatedBytes } = limitText(JSON.stringify(part), maxUnknownBytes);
  const notice = truncatedBytes === 0 ? "" : `\n[cut: this part is ${truncatedBytes} bytes longer]`;
  return { type: "text" as const, text: text + notice };
}
