import { BoundedText, type TextBudget } from "../bounded-text.ts";
import { asArray, asIndex, asName, asRecord, asText, type JsonRecord } from "../json-kinds.ts";
import type { ObservationSink } from "../observation.ts";
import { CallOrder } from "./call-order.ts";

/** A tool call as far as it came. */
interface OpenCall {
  id: string;
  tool: string;
  readonly input: BoundedText;
}

/** One of the choices of a Chat answer: gathers its calls and its thoughts out of deltas, or out of its whole message. */
export class ChatChoice {
  readonly #budget: TextBudget;
  readonly #calls = new CallOrder<OpenCall>(() => this.#open());
  #functionCall: OpenCall | undefined;
  readonly #reasoning: BoundedText;

  constructor(budget: TextBudget) {
    this.#budget = budget;
    this.#reasoning = new BoundedText(budget);
  }

  /** Takes in a `delta`, or the `message` of a whole answer. */
  add(delta: JsonRecord): void {
    // Servers that send both members mean the same text by them.
    this.#reasoning.append(asText(delta.reasoning_content) || asText(delta.reasoning));
    for (const call of asArray(delta.tool_calls)) this.#addCall(asRecord(call));
    const legacy = asRecord(delta.function_call);
    if (legacy === undefined) return;
    this.#functionCall ??= this.#calls.open();
    this.#extend(this.#functionCall, legacy, "arguments");
  }

  /** Reports what was gathered, and forgets it. */
  report(sink: ObservationSink, messageId: string): void {
    const content = this.#reasoning.close();
    if (content !== "") sink.thought({ messageId, content, source: "reasoning" });
    for (const { id, tool, input } of this.#calls.clear())
      sink.toolCall({ messageId, callId: id, tool, input: input.close() });
    this.#functionCall = undefined;
  }

  #addCall(delta: JsonRecord | undefined): void {
    if (delta === undefined) return;
    const named = asRecord(delta.custom) ?? asRecord(delta.function) ?? {};
    const call = this.#calls.callOf(asIndex(delta.index), asName(delta.id), asName(named.name));
    this.#extend(call, named, delta.custom === undefined ? "arguments" : "input");
  }

  #open(): OpenCall {
    return { id: "", tool: "", input: new BoundedText(this.#budget) };
  }

  #extend(call: OpenCall, from: JsonRecord, inputName: string): void {
    if (call.tool === "") call.tool = asName(from.name);
    call.input.append(asText(from[inputName]));
  }
}
