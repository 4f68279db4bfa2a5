/**
 * The bytes of one event. `data` is JSON text or a token such as `[DONE]`: one line. Without `name` there is no `event:`
 * line (Chat); with one it comes first, as both Anthropic and OpenAI send it.
 */
export function encodeEvent(data: string, name?: string): Buffer {
  const eventLine = name === undefined ? "" : `event: ${name}\n`;
  return Buffer.from(`${eventLine}data: ${data}\n\n`);
}
