import { BoundedText, type TextBudget } from "../bounded-text.ts";
import { asArray, asIndex, asName, asRecord, asText, type JsonRecord } from "../json-kinds.ts";
import type { ObservationSink } from "../observation.ts";

/** A tool call as far as it came. */
interface OpenCall {
  id: string;
  tool: string;
  readonly input: BoundedText;
}

/** More calls than this in one choice are not recorded. */
const maxCalls = 1024;

/** One of the choices of a Chat answer: gathers its calls and its thoughts out of deltas, or out of its whole message. */
export class ChatChoice {
  readonly #budget: TextBudget;
  #calls: OpenCall[] = [];
  /** The call that each `tool_calls[].index` stands for at present. */
  readonly #byIndex = new Map<number, OpenCall>();
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
    this.#functionCall ??= this.#open();
    this.#extend(this.#functionCall, legacy, "arguments");
  }

  /** Reports what was gathered, and forgets it. */
  report(sink: ObservationSink, messageId: string): void {
    const content = this.#reasoning.close();
    if (content !== "") sink.thought({ messageId, content, source: "reasoning" });
    for (const { id, tool, input } of this.#calls)
      sink.toolCall({ messageId, callId: id, tool, input: input.close() });
    this.#calls = [];
    this.#byIndex.clear();
    this.#functionCall = undefined;
  }

  #addCall(delta: JsonRecord | undefined): void {
    if (delta === undefined) return;
    const named = asRecord(delta.custom) ?? asRecord(delta.function) ?? {};
    const call = this.#callOf(asIndex(delta.index), asName(delta.id), asName(named.name));
    this.#extend(call, named, delta.custom === undefined ? "arguments" : "input");
  }

  /** The call that a delta belongs to, opened if it begins one. */
  #callOf(index: number | undefined, id: string, name: string): OpenCall {
    if (index === undefined) return this.#callWithoutIndex(id, name);
    let call = this.#byIndex.get(index);
    // Some servers give every call of a turn index 0: another id is another call.
    if (call === undefined || (id !== "" && call.id !== "" && id !== call.id)) {
      call = this.#open();
      this.#byIndex.set(index, call);
    }
    if (call.id === "") call.id = id;
    return call;
  }

  /** Whole answers have no indexes, and some servers' deltas neither: there a new id, or a name without id, begins a call. */
  #callWithoutIndex(id: string, name: string): OpenCall {
    const known = id === "" ? this.#calls.at(-1) : this.#calls.find((call) => call.id === id);
    if (known !== undefined && (id !== "" || name === "")) return known;
    const call = this.#open();
    call.id = id;
    return call;
  }

  #open(): OpenCall {
    const call: OpenCall = { id: "", tool: "", input: new BoundedText(this.#budget) };
    if (this.#calls.length < maxCalls) this.#calls.push(call);
    return call;
  }

  #extend(call: OpenCall, from: JsonRecord, inputName: string): void {
    if (call.tool === "") call.tool = asName(from.name);
    call.input.append(asText(from[inputName]));
  }
}
