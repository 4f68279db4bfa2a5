import type { ApiCase } from "../requests.ts";
import { readChunks, readCompletion } from "./chat.ts";
import type { ClientAnswer } from "./client-answer.ts";
import { readMessage, readMessageStream } from "./messages.ts";
import { readResponse, readResponseStream } from "./responses.ts";

const readers = {
  messages: { whole: readMessage, stream: readMessageStream },
  chat: { whole: readCompletion, stream: readChunks },
  responses: { whole: readResponse, stream: readResponseStream },
};

/**
 * Reads an answer as strictly as the strictest client: one start and one end, contiguous indexes.
 * @throws Error for an answer that a client would stumble over
 */
export async function readClientAnswer(api: ApiCase, response: Response): Promise<ClientAnswer> {
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
  const body = await response.text();
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  return isStream ? readStreamedAnswer(api, body) : readers[api].whole(body);
}

/** The same for the bytes of a stream, as text. */
export function readStreamedAnswer(api: ApiCase, body: string): ClientAnswer {
  return readers[api].stream(body);
}
