import { type ModelAnswer, StrictRules } from "@aibridge/sdk/testing";
import type { ApiName } from "../../dataplane/src/apis/api.ts";
import type { AnswerTo } from "./serve-turns.ts";

/** A strict provider for conversations that are served without a network. */
export class StrictAnswers {
  readonly #api: ApiName;
  readonly #rules = new StrictRules();
  /** What it said in its refusals, oldest first. */
  readonly refusals: (string | undefined)[] = [];

  constructor(api: ApiName) {
    this.#api = api;
  }

  /** Answers requests with this, or with the refusal. */
  answer(answer: ModelAnswer): AnswerTo {
    return (members, betas) => {
      const request = { members, headers: { "anthropic-beta": betas.join(",") } };
      const refused = this.#rules.refusal(this.#api, request);
      if (refused !== undefined) this.refusals.push(refused.error.message);
      return refused ?? Buffer.concat(this.#rules.render(this.#api, request, answer).body);
    };
  }
}
