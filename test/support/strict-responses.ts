import type { ModelAnswer, ProviderAnswer } from "../../sdk/src/testing/answer.ts";
import { documentOf } from "../../sdk/src/testing/read-events.ts";
import { renderAnswer } from "../../sdk/src/testing/render.ts";

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly call_id?: string;
}

interface Request {
  readonly input: string | readonly Item[];
  readonly store?: boolean;
  readonly previous_response_id?: string | null;
  readonly conversation?: string;
}

/**
 * A provider of the Responses API that keeps responses and conversations, and refuses what OpenAI refuses: calls without an
 * output, outputs without a call, reasoning that leads to nothing, and responses it never stored.
 */
export class StrictResponses {
  readonly #kept = new Map<string, readonly Item[]>();

  /** Answers requests with this, or with the refusal. */
  answer(answer: ModelAnswer & { readonly id: string }): (request: Request) => ProviderAnswer {
    return (request) => {
      const from = request.conversation ?? request.previous_response_id ?? undefined;
      const before = from === undefined ? [] : this.#kept.get(from);
      if (before === undefined && request.conversation === undefined)
        return refusal(`Previous response with id '${from}' not found.`);
      const { input } = request;
      const items = [...(before ?? []), ...(typeof input === "string" ? [{ role: "user" }] : input)];
      const problem = problemIn(items);
      if (problem !== undefined) return refusal(problem);
      const { output } = documentOf(renderAnswer("responses", answer, {}));
      if (request.conversation !== undefined) this.#kept.set(request.conversation, [...items, ...output]);
      else if (request.store !== false) this.#kept.set(answer.id, [...items, ...output]);
      return answer;
    };
  }
}

function refusal(message: string): ProviderAnswer {
  return { error: { status: 400, type: "invalid_request_error", message } };
}

function problemIn(items: readonly Item[]): string | undefined {
  const idsOf = (type: string) => items.flatMap((item) => (item.type === type ? [item.call_id] : []));
  const calls = idsOf("function_call");
  const outputs = idsOf("function_call_output");
  if (new Set(outputs).size < outputs.length) return "Duplicate output for a function call.";
  const unanswered = calls.find((id) => !outputs.includes(id));
  if (unanswered !== undefined) return `No tool output found for function call ${unanswered}.`;
  const stray = outputs.find((id) => !calls.includes(id));
  if (stray !== undefined) return `No tool call found for function call output with call_id ${stray}.`;
  const loose = items.some(({ type }, index) => type === "reasoning" && !isLedTo(items[index + 1]));
  return loose ? "Item of type 'reasoning' was provided without its required following item." : undefined;
}

function isLedTo(item: Item | undefined): boolean {
  return item?.type === "function_call" || (item?.type === "message" && item.role === "assistant");
}
