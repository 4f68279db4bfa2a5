import { JsonObject } from "../../json/json-object.ts";
import type { AnswerEnd } from "../api.ts";
import { TextBudget } from "../bounded-text.ts";
import { asName } from "../json-kinds.ts";
import type { ObservationSink, ObservedAnswer, ObservedError } from "../observation.ts";
import { readErrorObject } from "../provider-error.ts";
import type { DeltaText } from "./events.ts";
import { type ItemCall, type ItemThought, itemCall, itemThoughts } from "./item.ts";
import { OpenItem } from "./open-item.ts";
import { responsesUsage } from "./usage.ts";

/** Calls of more items than this are not recorded. */
const maxItems = 10_000;
/** More unfinished items than this are not gathered. */
const maxOpenItems = 1024;

/**
 * One answer of the Responses API, gathered from either form. A whole answer is the response that a stream's terminal
 * event would bring, with no item reported before.
 */
export class ResponsesAnswer {
  readonly #sink: ObservationSink;
  readonly #usageOptional: boolean;
  readonly #budget = new TextBudget();
  readonly #open = new Map<number, OpenItem>();
  readonly #done = new Set<number>();
  readonly #callIds = new Set<string>();
  /** Indexes of the open items that are commentary. */
  readonly #openCommentary = new Set<number>();
  #id = "";
  #error: ObservedError | undefined;
  #complete = false;
  #ended = false;

  constructor(sink: ObservationSink, usageOptional: boolean) {
    this.#sink = sink;
    this.#usageOptional = usageOptional;
  }

  /** True while a message is open whose text is a thought. */
  get hasOpenCommentary(): boolean {
    return this.#openCommentary.size > 0;
  }

  identify(id: string): void {
    if (id === "" || this.#id !== "") return;
    this.#id = id;
    this.#sink.message(id);
  }

  /** An item of the output began. */
  openItem(index: number, item: JsonObject): void {
    if (this.#open.size === maxOpenItems || this.#done.has(index)) return;
    const opened = new OpenItem(item, this.#budget);
    this.#open.set(index, opened);
    if (opened.isCommentary) this.#openCommentary.add(index);
  }

  /** A piece of an item's text came. */
  extendItem(index: number, text: DeltaText["text"], part: number, piece: string): void {
    let item = this.#open.get(index);
    if (item === undefined) {
      if (this.#open.size === maxOpenItems || this.#done.has(index)) return;
      item = new OpenItem(undefined, this.#budget);
      this.#open.set(index, item);
    }
    item.extend(text, part, piece);
  }

  /** An item of the output is complete. */
  closeItem(index: number, item: JsonObject): void {
    this.#open.get(index)?.discard();
    this.#open.delete(index);
    this.#openCommentary.delete(index);
    if (this.#done.has(index)) return;
    this.#done.add(index);
    this.#report(itemCall(item), itemThoughts(item));
  }

  /** The provider reports an error; a `response.failed` may follow it. */
  fail(error: ObservedError): void {
    this.#error ??= error;
  }

  /** The final response: reports what no event reported before, and the usage. */
  complete(response: JsonObject | undefined): AnswerEnd {
    if (this.#ended) return this.end();
    this.#complete = true;
    this.identify(response?.string("id") ?? "");
    if (response !== undefined) this.#closeRemaining(response);
    const isFailed = response?.string("status") === "failed" || response?.object("error") !== undefined;
    if (response !== undefined && isFailed) this.fail(failure(response));
    return this.end(response);
  }

  /** The answer is over, whole or not. Only the first call counts. */
  end(response?: JsonObject): AnswerEnd {
    if (!this.#ended) {
      this.#ended = true;
      for (const item of this.#open.values()) this.#report(item.call(), item.thoughts());
      this.#open.clear();
      this.#sink.answered?.(answerOf(response));
      const usage = responsesUsage(this.#id, response);
      if (usage.source !== "missing" || !this.#usageOptional) this.#sink.usage(usage);
    }
    return { complete: this.#complete || this.#error !== undefined, error: this.#error };
  }

  #closeRemaining(response: JsonObject): void {
    const output = response.array("output");
    if (output.length <= this.#done.size) return;
    for (let index = 0; index < output.length; index += 1) {
      const { start, end } = output.span(index);
      const item = this.#done.has(index) ? undefined : JsonObject.tryAt(response.bytes, start, end);
      if (item !== undefined) this.closeItem(index, item);
    }
  }

  /** A call id counts once, for servers whose final output numbers the items otherwise than their events. */
  #report(call: ItemCall | undefined, thoughts: readonly ItemThought[]): void {
    const messageId = this.#id;
    for (const thought of thoughts) this.#sink.thought({ messageId, ...thought });
    if (call === undefined || this.#done.size > maxItems) return;
    const callId = asName(call.callId);
    if (callId !== "" && this.#callIds.has(callId)) return;
    this.#callIds.add(callId);
    this.#sink.toolCall({ messageId, ...call });
  }
}

function answerOf(response: JsonObject | undefined): ObservedAnswer {
  const reason = response?.object("incomplete_details")?.string("reason") ?? response?.string("status") ?? "";
  return { model: response?.string("model") ?? "", finishReasons: reason === "" ? [] : [reason] };
}

function failure(response: JsonObject): ObservedError {
  const error = readErrorObject({ error: response.get("error") });
  return error.type === "" ? { ...error, type: "response_failed" } : error;
}
