import type { GatewayError } from "../../../errors/gateway-error.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { encodeEvent } from "../../../sse/encode.ts";
import { SseEventReader } from "../../../sse/event.ts";
import { type AnswerEnd, verdict } from "../../api.ts";
import type { CentralCall, TurnEnd, TurnObserver } from "../../tool-conversation.ts";
import type { ChatAnswer } from "../answer.ts";
import { errorEvent } from "../error-body.ts";
import { isDone, isPlainChunk } from "../events.ts";
import { isUsageChunk, readChunk } from "../observe.ts";
import { ChunkEditor } from "./chunk-editor.ts";
import { PlainDeltas } from "./plain-deltas.ts";
import type { ShownAnswer } from "./shown-answer.ts";
import type { Turn } from "./turn.ts";

export interface ChatTurnOptions {
  readonly turn: Turn;
  readonly shown: ShownAnswer;
  /** Gathers for the records. */
  readonly answer: ChatAnswer;
  /** As ObserveOptions. */
  readonly hideUsage: boolean;
}

/** One streamed turn of the Chat Completions API: what the client sees of it, live. */
export class ChatTurnObserver implements TurnObserver {
  readonly #options: ChatTurnOptions;
  readonly #editor: ChunkEditor;
  readonly #plainDeltas: PlainDeltas;
  readonly #reader = new SseEventReader();
  replacement: Buffer | undefined;

  constructor(options: ChatTurnOptions) {
    this.#options = options;
    this.#editor = new ChunkEditor(options);
    const { turn, shown } = options;
    this.#plainDeltas = new PlainDeltas({
      content: (piece) => turn.addContent(piece),
      delta: (delta) => {
        if (delta.member("role") !== undefined) shown.editRole();
        turn.addDelta(delta);
      },
    });
  }

  event(bytes: Buffer, start: number, end: number): number {
    this.replacement = undefined;
    const reader = this.#reader;
    if (!reader.read(bytes, start, end)) return verdict.relay;
    const { data, dataStart, dataEnd } = reader;
    if (isDone(data, dataStart, dataEnd)) return this.#done();
    const isIdentified = this.#options.answer.isIdentified;
    if (isIdentified && !this.#mayDiffer && this.#plainDeltas.take(data, dataStart, dataEnd))
      return verdict.relay;
    const isPlain = isIdentified && isPlainChunk(data, dataStart, dataEnd);
    const observed = isPlain ? "shown" : this.#observe(data.toString("utf8", dataStart, dataEnd));
    if (observed === "hidden") return verdict.hide;
    const chunk = observed === "shown" ? JsonObject.tryAt(data, dataStart, dataEnd) : undefined;
    return chunk === undefined ? verdict.relay : this.#show(chunk);
  }

  get calls(): CentralCall[] {
    return this.#options.turn.calls;
  }

  finish(clean: boolean): TurnEnd {
    const { answer } = this.#options;
    return this.#turnEnd(answer.end(clean && answer.isFinished));
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvent(error);
  }

  /** True if also chunks without a fact may not go out as they came. */
  get #mayDiffer(): boolean {
    const { shown, turn } = this.#options;
    return !shown.isFirstTurn || turn.isHiding;
  }

  /** Reports to the records; `hidden` is the chunk that the client did not ask for. */
  #observe(text: string): "shown" | "hidden" | "unreadable" {
    const { answer, hideUsage } = this.#options;
    const chunk = readChunk(text);
    if (chunk === undefined) return "unreadable";
    answer.add(chunk);
    return hideUsage && isUsageChunk(chunk) ? "hidden" : "shown";
  }

  #show(chunk: JsonObject): number {
    const { shown, turn } = this.#options;
    shown.learn(chunk);
    turn.messageId ||= chunk.string("id") ?? "";
    const edit = this.#editor.edit(chunk);
    if (edit === undefined) return verdict.relay;
    // Data of several lines would need as many `data:`.
    if (edit !== null) this.replacement = encodeEvent(edit.replaceAll("\n", " "));
    return verdict.hide;
  }

  #done(): number {
    const { answer, shown } = this.#options;
    if (this.#turnEnd(answer.end(true)).next !== "client") return verdict.hide;
    const { withheldReason } = this.#editor;
    if (withheldReason === undefined) return verdict.terminal;
    // A call of the client's came behind the end that was kept from it.
    const ending = [shown.identity.emptyChunk(withheldReason) ?? [], "[DONE]"].flat();
    this.replacement = Buffer.concat(ending.map((data) => encodeEvent(data)));
    return verdict.hide | verdict.terminal;
  }

  #turnEnd(end: AnswerEnd): TurnEnd {
    const { turn } = this.#options;
    return { ...end, next: end.error === undefined ? turn.next : "client", calls: turn.calls };
  }
}
