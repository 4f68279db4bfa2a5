import type { Dispatcher } from "undici";
import type { GatewayUnderTest } from "./use-gateway.ts";

/** The three APIs as a test calls them: where, and with what in the simplest case. */
export const apiCases = {
  messages: {
    path: "/anthropic/v1/messages",
    body: { model: "claude-test", max_tokens: 100, messages: [{ role: "user", content: "How are you?" }] },
  },
  chat: {
    path: "/openai/v1/chat/completions",
    body: { model: "gpt-test", messages: [{ role: "user", content: "How are you?" }] },
  },
  responses: {
    path: "/openai/v1/responses",
    body: { model: "gpt-test", input: "How are you?" },
  },
} as const;

export type ApiCase = keyof typeof apiCases;
export const apiNames = Object.keys(apiCases) as ApiCase[];

/** Every API in both modes. */
export const apiModes = apiNames.flatMap((api) => [false, true].map((stream) => ({ api, stream })));

export interface SendOptions {
  /** Merged into the body. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** The connections to use. @default those of fetch */
  readonly dispatcher?: Dispatcher;
}

/** Sends the simplest request of an API, as alice. */
export function send(
  gateway: Pick<GatewayUnderTest, "url" | "token">,
  api: ApiCase,
  stream: boolean,
  { body, headers, signal, dispatcher }: SendOptions = {},
): Promise<Response> {
  const { path, body: simplest } = apiCases[api];
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.token}`, ...headers },
    body: JSON.stringify({ ...simplest, stream, ...body }),
    ...(signal && { signal }),
    ...(dispatcher && { dispatcher }),
  });
}

/** The interception an answer belongs to. */
export function interceptionId(response: Response): string {
  const id = response.headers.get("x-aibridge-interception-id");
  if (id === null) throw new Error(`no interception id in answer ${response.status}`);
  return id;
}
