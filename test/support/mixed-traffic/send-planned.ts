import type { Dispatcher } from "undici";
import { type ApiCase, send } from "../requests.ts";
import type { GatewayUnderTest } from "../use-gateway.ts";
import { type PlannedRequest, userAgentOf } from "./planned-request.ts";

/** What the client of a request got to see. */
export interface Sighting {
  readonly request: PlannedRequest;
  /** As the answer's headers said; undefined if none came, or it belongs to no interception. */
  readonly interceptionId: string | undefined;
  /** Status of the answer; undefined if none came. */
  readonly status: number | undefined;
  /** True if the answer came to its end: the terminal event of a stream, the last byte of a JSON document. */
  readonly whole: boolean;
  /** How the connection went: refused, answered to a clean end, left by the client, or broken off. */
  readonly connection: "refused" | "ended" | "left" | "broken";
}

/** What the last event of a whole stream has in it. */
const terminalEvents: Record<ApiCase, string> = {
  messages: "event: message_stop",
  chat: "data: [DONE]",
  responses: "event: response.completed",
};

/** Sends a planned request and looks at what comes back until the end, whatever that is. Never rejects. */
export async function sendPlanned(
  gateway: GatewayUnderTest,
  request: PlannedRequest,
  dispatcher: Dispatcher,
): Promise<Sighting> {
  const leaving = new AbortController();
  const leave = setTimeout(() => leaving.abort(), request.leavesAfterMs ?? 2 ** 31 - 1);
  const nothing = { request, interceptionId: undefined, status: undefined, whole: false };
  try {
    const response = await send(gateway, request.api, request.stream, {
      body: promptOf(request),
      headers: { "user-agent": userAgentOf(request) },
      signal: leaving.signal,
      dispatcher,
    });
    return await readAnswer(request, response, leaving.signal);
  } catch (error) {
    const connection = leaving.signal.aborted ? "left" : wasRefused(error) ? "refused" : "broken";
    return { ...nothing, connection };
  } finally {
    clearTimeout(leave);
  }
}

async function readAnswer(
  request: PlannedRequest,
  response: Response,
  leaving: AbortSignal,
): Promise<Sighting> {
  const interceptionId = response.headers.get("x-aibridge-interception-id") ?? undefined;
  const { status } = response;
  let body = "";
  let connection: Sighting["connection"] = "ended";
  try {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) body += decoder.decode(chunk, { stream: true });
  } catch {
    connection = leaving.aborted ? "left" : "broken";
  }
  const whole = response.ok && (request.stream ? hasTerminalEvent(request.api, body) : isDocument(body));
  return { request, interceptionId, status, whole, connection };
}

function hasTerminalEvent(api: ApiCase, body: string): boolean {
  return body.includes(terminalEvents[api]) && body.endsWith("\n\n");
}

function isDocument(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

function promptOf({ api, prompt }: PlannedRequest): Record<string, unknown> {
  return api === "responses" ? { input: prompt } : { messages: [{ role: "user", content: prompt }] };
}

function wasRefused(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNREFUSED";
}
