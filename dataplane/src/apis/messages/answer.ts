import type { JsonObject } from "../../json/json-object.ts";
import type { AnswerEnd } from "../api.ts";
import { BoundedText, TextBudget } from "../bounded-text.ts";
import { asName } from "../json-kinds.ts";
import type { ObservationSink, ObservedError } from "../observation.ts";
import { isQualified } from "../qualified-call.ts";
import { toolBlockTypes } from "./events.ts";
import { MessagesUsage } from "./usage.ts";

/** More unfinished blocks than this are not gathered. */
const maxOpenBlocks = 1024;

/** A block of the answer that is a tool call or a thought, as far as it came. */
interface OpenBlock {
  readonly kind: "call" | "thought";
  readonly id: string;
  readonly name: string;
  readonly isQualified: boolean;
  /** A call's input as it stands in the block itself: `{}` where it follows in deltas. */
  readonly given: BoundedText;
  readonly text: BoundedText;
}

/**
 * One answer of the Messages API, gathered from either form: a stream feeds it block by block, a whole answer all at once.
 * Reports each call and thought when its block is complete and the usage when the answer ends.
 */
export class MessagesAnswer {
  readonly #sink: ObservationSink;
  readonly #usageOptional: boolean;
  readonly #usage = new MessagesUsage();
  readonly #budget = new TextBudget();
  readonly #open = new Map<number, OpenBlock>();
  #id = "";
  #model = "";
  #stopReason = "";
  #error: ObservedError | undefined;
  #complete = false;
  #ended = false;

  constructor(sink: ObservationSink, usageOptional: boolean) {
    this.#sink = sink;
    this.#usageOptional = usageOptional;
  }

  /** The message's own members: of `message_start`, or of a whole answer. */
  begin(message: JsonObject): void {
    this.#model = message.string("model") ?? "";
    this.#usage.merge(message.get("usage"));
    this.#stop(message);
    const id = message.string("id") ?? "";
    if (id === "" || this.#id !== "") return;
    this.#id = id;
    this.#sink.message(id);
  }

  startBlock(index: number, block: JsonObject): void {
    this.stopBlock(index);
    const type = block.string("type") ?? "";
    const isCall = toolBlockTypes.has(type);
    if ((!isCall && type !== "thinking") || this.#open.size === maxOpenBlocks) return;
    const text = new BoundedText(this.#budget);
    const given = new BoundedText(this.#budget);
    if (isCall) given.append(block.raw("input"));
    else text.append(block.string("thinking") ?? "");
    const kind = isCall ? "call" : "thought";
    this.#open.set(index, {
      kind,
      id: asName(block.string("id")),
      name: asName(block.string("name")),
      isQualified: isQualified(block),
      given,
      text,
    });
  }

  /** A piece of a call's input or of a thought, of the block at `index`. */
  extendBlock(index: number, kind: OpenBlock["kind"], piece: string): void {
    const block = this.#open.get(index);
    if (block?.kind === kind) block.text.append(piece);
  }

  stopBlock(index: number): void {
    const block = this.#open.get(index);
    if (block === undefined) return;
    this.#open.delete(index);
    const given = block.given.close();
    const text = block.text.close();
    const messageId = this.#id;
    if (block.kind === "call")
      this.#sink.toolCall({
        messageId,
        callId: block.id,
        tool: block.name,
        input: text === "" ? given : text,
        ...(block.isQualified && { isQualified: true }),
      });
    else if (text !== "") this.#sink.thought({ messageId, content: text, source: "thinking" });
  }

  /** What a `message_delta` says of the message so far. */
  addDelta(event: JsonObject): void {
    this.#usage.merge(event.get("usage"));
    this.#stop(event.object("delta"));
  }

  /** The provider reports an error in place of the rest of the answer. */
  fail(error: ObservedError): void {
    this.#error = error;
    this.end(false);
  }

  /** The answer is over, `complete` if nothing of it is missing. Only the first call counts. */
  end(complete: boolean): AnswerEnd {
    if (!this.#ended) {
      this.#ended = true;
      this.#complete = complete;
      for (const index of [...this.#open.keys()]) this.stopBlock(index);
      this.#reportAnswer();
      this.#reportUsage(complete);
    }
    return { complete: this.#complete || this.#error !== undefined, error: this.#error };
  }

  /** Only read for those who want to know. */
  #stop(from: JsonObject | undefined): void {
    if (this.#sink.answered !== undefined) this.#stopReason = from?.string("stop_reason") ?? this.#stopReason;
  }

  #reportAnswer(): void {
    const finishReasons = this.#stopReason === "" ? [] : [this.#stopReason];
    this.#sink.answered?.({ model: this.#model, finishReasons });
  }

  #reportUsage(complete: boolean): void {
    for (const usage of this.#usage.observed(this.#id, this.#model, complete)) {
      if (usage.source !== "missing" || !this.#usageOptional) this.#sink.usage(usage);
    }
  }
}
