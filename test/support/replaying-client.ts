import { streamedCompletion } from "./client-answers/chat.ts";
import type { ClientAnswer } from "./client-answers/client-answer.ts";
import { streamedMessage } from "./client-answers/messages.ts";
import { readClientAnswer } from "./client-answers/read-client-answer.ts";
import { streamedResponse } from "./client-answers/responses.ts";
import { type ApiCase, type SendOptions, send } from "./requests.ts";
import type { GatewayUnderTest } from "./use-gateway.ts";

export interface ReplayingClientOptions extends Pick<SendOptions, "headers"> {
  readonly api: ApiCase;
  readonly stream: boolean;
  /** Members of every request. */
  readonly body?: Readonly<Record<string, unknown>>;
}

// biome-ignore lint/suspicious/noExplicitAny: documents of three APIs
type Document = any;

/** What differs between APIs for a client that goes on with a conversation. */
interface Habits {
  /** The member of the request that holds the conversation. */
  readonly member: "messages" | "input";
  /** The answer as a document, from the bytes of its stream. */
  streamed(body: string): Document;
  /** What the client adds to the conversation for an answer: what it saw, as it saw it. */
  said(answer: Document): object[];
  /** What it adds for the results of its calls. */
  results(callIds: readonly string[]): object[];
}

const habits: Readonly<Record<ApiCase, Habits>> = {
  messages: {
    member: "messages",
    streamed: streamedMessage,
    said: ({ content }) => [{ role: "assistant", content }],
    results: (ids) => [
      { role: "user", content: ids.map((id) => ({ type: "tool_result", tool_use_id: id, content: "ok" })) },
    ],
  },
  chat: {
    member: "messages",
    streamed: streamedCompletion,
    said: ({ choices }) => [choices[0].message],
    results: (ids) => ids.map((id) => ({ role: "tool", tool_call_id: id, content: "ok" })),
  },
  responses: {
    member: "input",
    streamed: streamedResponse,
    said: ({ output }) => output,
    results: (ids) => ids.map((id) => ({ type: "function_call_output", call_id: id, output: "ok" })),
  },
};

/**
 * A client with one conversation, which repeats exactly what it saw. In Responses it does so where it asks for
 * `store: false`; else it goes on from the conversation it names, or from the last response.
 */
export class ReplayingClient {
  readonly #gateway: GatewayUnderTest;
  readonly #options: ReplayingClientOptions;
  readonly #habits: Habits;
  #body: Readonly<Record<string, unknown>>;
  #said: object[] = [];
  #callIds: readonly string[] = [];
  /** Id of the answer that the next request goes on from. */
  #from: string | undefined;

  constructor(gateway: GatewayUnderTest, options: ReplayingClientOptions) {
    this.#gateway = gateway;
    this.#options = options;
    this.#habits = habits[options.api];
    this.#body = options.body ?? {};
  }

  /** Other members from the next request on. */
  change(members: Readonly<Record<string, unknown>>): void {
    this.#body = { ...this.#body, ...members };
  }

  /** The user says something. @throws Error for a refusal, and for an answer that a client would stumble over */
  say(words: string): Promise<ClientAnswer> {
    return this.#send([{ role: "user", content: words }]);
  }

  /** Gives results for the calls of the last answer, and the user's words behind them if there are any. */
  answerCalls(words?: string): Promise<ClientAnswer> {
    const more = words === undefined ? [] : [{ role: "user", content: words }];
    return this.#send([...this.#habits.results(this.#callIds), ...more]);
  }

  async #send(added: readonly object[]): Promise<ClientAnswer> {
    const { api, stream, headers } = this.#options;
    this.#said.push(...added);
    const previous = this.#from && { previous_response_id: this.#from };
    const response = await send(this.#gateway, api, stream, {
      body: { ...this.#body, ...previous, [this.#habits.member]: this.#said },
      ...(headers && { headers }),
    });
    const answer = await readClientAnswer(api, response.clone());
    this.#callIds = answer.calls.map(({ id }) => id);
    const text = await response.text();
    this.#remember(stream ? this.#habits.streamed(text) : JSON.parse(text));
    return answer;
  }

  #remember(answer: Document): void {
    const repeats = this.#options.api !== "responses" || this.#body.store === false;
    if (repeats) return void this.#said.push(...this.#habits.said(answer));
    this.#said = [];
    if (this.#body.conversation === undefined) this.#from = answer.id;
  }
}
