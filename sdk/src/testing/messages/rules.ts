import { type ErrorAnswer, type ModelAnswer, partsOf } from "../answer.ts";
import { answerContext } from "../answer-context.ts";
import { type ApiRules, badRequest, type CheckedRequest } from "../rules.ts";
import { thinkingOf } from "./conversation.ts";
import { orderProblem } from "./order-rules.ts";
import { bindThoughts, brokenThoughts } from "./thought-binding.ts";
import { Threads } from "./threads.ts";

/** Which beta lets a request decide over thoughts that are bound to another conversation. */
const bindingBeta = "thinking-binding-controls-2026-08-01";
const threadBeta = "message-threads-2026-08-12";

/**
 * Messages: roles and blocks in their order, every call answered in the next message, thoughts as they were and behind
 * what they were thought behind, threads gone on with once. Thoughts whose signature a script gives are bound to nothing.
 */
export class MessagesRules implements ApiRules {
  readonly #threads = new Threads();

  refusal({ members, headers }: CheckedRequest): ErrorAnswer | undefined {
    const betas = betasOf(headers);
    if (members.thread && !betas.includes(threadBeta)) return unknownMember("thread");
    if (bindingOf(members) !== undefined && !betas.includes(bindingBeta))
      return unknownMember(`thinking.${thinkingOf(members).type}.block_binding`);
    const lost = this.#threads.refusal(members.thread);
    if (lost !== undefined) return lost;
    const conversation = this.#threads.whole(members);
    const problem = orderProblem(conversation);
    if (problem !== undefined) return badRequest(problem);
    const [broken] = brokenThoughts(conversation).filter(
      ({ reason }) => reason === "modified" || !drops(members),
    );
    if (broken === undefined) return undefined;
    const what = broken.reason === "modified" ? modified : mismatch(betas.includes(bindingBeta));
    return badRequest(`${broken.path}: ${what}`);
  }

  /** Thoughts get signatures that bind them; what was dropped is told where that is asked for. */
  answerTo({ members, headers }: CheckedRequest, answer: ModelAnswer): ModelAnswer {
    const conversation = this.#threads.whole(members);
    const context = answerContext(answer, members, "msg_");
    const content = bindThoughts(conversation, partsOf(answer.content), context);
    if (!betasOf(headers).includes(bindingBeta)) return { ...answer, content };
    const input_transformations = brokenThoughts(conversation).map(({ path }) => ({
      type: "thinking_dropped",
      path,
      reason: "prefix_binding_mismatch",
    }));
    const message = { ...answer.messages?.message, input_transformations };
    return { ...answer, content, messages: { ...answer.messages, message } };
  }

  answered({ members }: CheckedRequest, document: Readonly<Record<string, unknown>>): void {
    this.#threads.answered(members, document);
  }
}

const modified =
  "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.";

function mismatch(hasBeta: boolean): string {
  const advice = hasBeta ? "" : ` This setting requires \`${bindingBeta}\` in the \`anthropic-beta\` header.`;
  return `Invalid \`signature\` in \`thinking\` block. The block is bound to a different conversation. Remove the block, or set \`thinking.block_binding.prefix_mismatch_behavior\` to "drop_block".${advice}`;
}

function unknownMember(path: string): ErrorAnswer {
  return badRequest(`${path}: Extra inputs are not permitted`);
}

function betasOf(headers: CheckedRequest["headers"]): string[] {
  const value = headers["anthropic-beta"] ?? "";
  return value
    .toString()
    .split(",")
    .map((beta) => beta.trim());
}

function bindingOf(members: CheckedRequest["members"]): unknown {
  return thinkingOf(members).block_binding ?? undefined;
}

function drops(members: CheckedRequest["members"]): boolean {
  const binding = bindingOf(members);
  if (typeof binding !== "object" || binding === null) return false;
  return "prefix_mismatch_behavior" in binding && binding.prefix_mismatch_behavior === "drop_block";
}
