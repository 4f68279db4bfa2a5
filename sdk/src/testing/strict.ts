import type { ErrorAnswer, ProviderAnswer } from "./answer.ts";
import { ChatRules } from "./chat/rules.ts";
import { MessagesRules } from "./messages/rules.ts";
import { type ModelApi, type RenderedAnswer, renderAnswer } from "./render.ts";
import { ResponsesRules } from "./responses/rules.ts";
import type { ApiRules, CheckedRequest } from "./rules.ts";

/**
 * What the real providers refuse, for all APIs, in their words where these are known: calls without a result and results
 * without a call, changed thoughts, states that are not there. It keeps what they keep, so one belongs to one provider.
 */
export class StrictRules {
  readonly #rules: Readonly<Record<ModelApi, ApiRules>>;

  constructor() {
    const responses = new ResponsesRules();
    this.#rules = {
      messages: new MessagesRules(),
      chat: new ChatRules(),
      responses,
      compact: { refusal: (request) => responses.refusal(request) },
    };
  }

  /** The refusal of a request; undefined for one that is to be answered. */
  refusal(api: ModelApi, request: CheckedRequest): ErrorAnswer | undefined {
    return this.#rules[api].refusal(request);
  }

  /** Writes the answer to a request that was not refused, with thoughts bound to it, and keeps what the API keeps. */
  render(api: ModelApi, request: CheckedRequest, scripted: ProviderAnswer): RenderedAnswer {
    const rules = this.#rules[api];
    const fixed = "raw" in scripted || "error" in scripted;
    const answer = fixed ? scripted : (rules.answerTo?.(request, scripted) ?? scripted);
    const rendered = renderAnswer(api, answer, request.members);
    const document = rendered.document?.();
    if (document !== undefined) rules.answered?.(request, { ...document });
    return rendered;
  }
}
