/** An event with a name, as Anthropic Messages and OpenAI Responses send them: the name is the data's `type`. */
export function namedEvent(data: { readonly type: string } & Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** A data-only event, as OpenAI Chat Completions sends them. */
export function dataEvent(data: unknown): Buffer {
  return Buffer.from(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
}

/** A stream in two parts, because a model that fails in the middle sends something else in place of the second. */
export interface StreamEvents {
  readonly body: readonly Buffer[];
  readonly closing: readonly Buffer[];
}
