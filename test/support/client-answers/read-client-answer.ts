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
  const reader = readers[api as keyof typeof readers];
  const body = await response.text();
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  return isStream ? reader.stream(body) : reader.whole(body);
}
