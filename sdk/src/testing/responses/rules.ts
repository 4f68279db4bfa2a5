import { randomUUID } from "node:crypto";
import { type ErrorAnswer, type ModelAnswer, type Part, partsOf } from "../answer.ts";
import { type ApiRules, badRequest, type CheckedRequest, listOf, repeated } from "../rules.ts";
import { type Item, ReasoningRules } from "./reasoning-rules.ts";

interface State {
  readonly items: readonly Item[];
  /** True for an answer that the provider keeps. */
  readonly stored: boolean;
}

/** What the items of calls are called in the refusal of one that has no output. */
const callNames: Readonly<Record<string, string>> = {
  function_call: "function call",
  custom_tool_call: "custom tool call",
};

/**
 * Responses: every call has one output behind it, reasoning leads to something, and what a request goes on from is there.
 * Conversations need not be created: one that is named for the first time is empty.
 */
export class ResponsesRules implements ApiRules {
  /** What was said up to a response, or in a conversation, by its id. */
  readonly #kept = new Map<string, readonly Item[]>();
  readonly #reasoning = new ReasoningRules();

  refusal({ members }: CheckedRequest): ErrorAnswer | undefined {
    const { previous_response_id: previous } = members;
    if (typeof previous === "string" && conversationOf(members) !== undefined)
      return badRequest(
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only providing one of: 'previous_response_id' or 'conversation'.",
        { code: "mutually_exclusive_parameters" },
      );
    if (typeof previous === "string" && !this.#kept.has(previous))
      return badRequest(`Previous response with id '${previous}' not found.`, {
        param: "previous_response_id",
        code: "previous_response_not_found",
      });
    const { items } = this.#state(members);
    const problem = callProblem(items) ?? this.#reasoning.problem(items, inputOf(members));
    return problem === undefined ? undefined : badRequest(problem, { param: "input" });
  }

  /** Reasoning comes encrypted where it is asked for, and nowhere else. */
  answerTo({ members }: CheckedRequest, answer: ModelAnswer): ModelAnswer {
    const asked = listOf(members.include).includes("reasoning.encrypted_content");
    return { ...answer, content: partsOf(answer.content).map((part) => encrypted(part, asked)) };
  }

  answered({ members }: CheckedRequest, document: Readonly<Record<string, unknown>>): void {
    const { items, stored } = this.#state(members);
    const output = listOf<Item>(document.output);
    this.#reasoning.produced(output, stored);
    const conversation = conversationOf(members);
    if (conversation !== undefined) this.#kept.set(conversation, [...items, ...output]);
    else if (stored) this.#kept.set(String(document.id), [...items, ...output]);
  }

  #state(members: CheckedRequest["members"]): State {
    const from = conversationOf(members) ?? members.previous_response_id;
    const before = typeof from === "string" ? (this.#kept.get(from) ?? []) : [];
    return { items: [...before, ...inputOf(members)], stored: members.store !== false };
  }
}

function conversationOf({ conversation }: CheckedRequest["members"]): string | undefined {
  if (typeof conversation === "object" && conversation !== null && "id" in conversation)
    return String(conversation.id);
  return typeof conversation === "string" ? conversation : undefined;
}

function inputOf({ input }: CheckedRequest["members"]): readonly Item[] {
  return typeof input === "string" ? [{ type: "message", role: "user" }] : listOf<Item>(input);
}

function callProblem(items: readonly Item[]): string | undefined {
  const isOutput = ({ type = "" }: Item) => type.endsWith("_call_output");
  const callIds = (found: readonly Item[]) => found.map(({ call_id = "" }) => call_id);
  const calls = items.filter(({ type = "" }) => type in callNames);
  const [calledTwice] = repeated(callIds(calls));
  if (calledTwice !== undefined) return `Duplicate function call with call_id ${calledTwice}.`;
  const outputs = items.filter(isOutput);
  const [answeredTwice] = repeated(callIds(outputs));
  if (answeredTwice !== undefined) return `Duplicate output for function call with call_id ${answeredTwice}.`;
  for (const call of calls) {
    const answer = outputs.find(({ call_id }) => call_id === call.call_id);
    if (answer === undefined || items.indexOf(answer) < items.indexOf(call))
      return `No tool output found for ${callNames[call.type ?? ""]} ${call.call_id}.`;
  }
  const stray = callIds(outputs).find((id) => !callIds(calls).includes(id));
  return stray && `No tool call found for function call output with call_id ${stray}.`;
}

function encrypted(part: Part, asked: boolean): Part {
  if (part.type !== "thinking") return part;
  const { encryptedContent = `gAAAA${randomUUID()}`, ...open } = part;
  return asked ? { ...open, encryptedContent } : open;
}
