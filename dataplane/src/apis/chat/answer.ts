import type { AnswerEnd } from "../api.ts";
import { TextBudget } from "../bounded-text.ts";
import { asArray, asIndex, asRecord, asText, type JsonRecord } from "../json-kinds.ts";
import type { ObservationSink, ObservedError } from "../observation.ts";
import { readErrorObject } from "../provider-error.ts";
import { ChatChoice } from "./choice.ts";
import { chatUsage } from "./usage.ts";

/** More choices than this in one answer are not told apart. */
const maxChoices = 256;

/** One Chat answer, gathered from either form: the chunks of a stream, or the whole answer as if it were the only chunk. */
export class ChatAnswer {
  readonly #sink: ObservationSink;
  readonly #usageOptional: boolean;
  readonly #budget = new TextBudget();
  readonly #choices = new Map<number, ChatChoice>();
  /** Why each choice that came to its end did so. */
  readonly #finished = new Map<number, string>();
  #id = "";
  #model = "";
  #serviceTier = "";
  #usage: unknown;
  #error: ObservedError | undefined;
  #complete = false;
  #ended = false;

  constructor(sink: ObservationSink, usageOptional: boolean) {
    this.#sink = sink;
    this.#usageOptional = usageOptional;
  }

  /** True once the answer's id is known: until then every chunk is of interest. */
  get isIdentified(): boolean {
    return this.#id !== "";
  }

  /** True if every choice that was seen came to its end. */
  get isFinished(): boolean {
    return this.#choices.size > 0 && this.#finished.size === this.#choices.size;
  }

  add(chunk: JsonRecord): void {
    this.#identify(chunk);
    this.#serviceTier = asText(chunk.service_tier) || this.#serviceTier;
    for (const [position, choice] of asArray(chunk.choices).entries())
      this.#addChoice(asRecord(choice), position);
    if (asRecord(chunk.usage) !== undefined) this.#usage = chunk.usage;
    if (chunk.error !== undefined && chunk.error !== null) this.#error = readErrorObject(chunk);
  }

  /** The answer is over, `complete` if nothing of it is missing. Only the first call counts. */
  end(complete: boolean): AnswerEnd {
    if (!this.#ended) {
      this.#ended = true;
      this.#complete = complete;
      for (const choice of this.#choices.values()) choice.report(this.#sink, this.#id);
      this.#sink.answered?.({ model: this.#model, finishReasons: [...this.#finished.values()] });
      this.#reportUsage(complete && this.#error === undefined);
    }
    return { complete: this.#complete || this.#error !== undefined, error: this.#error };
  }

  #identify(chunk: JsonRecord): void {
    const id = asText(chunk.id);
    if (id === "" || this.#id !== "") return;
    this.#id = id;
    this.#model = asText(chunk.model);
    this.#sink.message(id);
  }

  #addChoice(choice: JsonRecord | undefined, position: number): void {
    if (choice === undefined) return;
    const index = asIndex(choice.index) ?? position;
    let gathered = this.#choices.get(index);
    if (gathered === undefined) {
      if (this.#choices.size === maxChoices) return;
      gathered = new ChatChoice(this.#budget);
      this.#choices.set(index, gathered);
    }
    gathered.add(asRecord(choice.delta) ?? asRecord(choice.message) ?? {});
    const finishReason = asText(choice.finish_reason);
    if (finishReason === "") return;
    this.#finished.set(index, finishReason);
    gathered.report(this.#sink, this.#id);
  }

  #reportUsage(complete: boolean): void {
    const context = { messageId: this.#id, serviceTier: this.#serviceTier, complete };
    const usage = chatUsage(this.#usage, context);
    if (usage.source !== "missing" || !this.#usageOptional) this.#sink.usage(usage);
  }
}
