import type { GatewayError } from "../../errors/gateway-error.ts";
import { JsonObject } from "../../json/json-object.ts";
import { type AnswerEnd, type ObserveOptions, type StreamObserver, verdict } from "../api.ts";
import { JsonEventReader } from "../json-event-reader.ts";
import { asIndex } from "../json-kinds.ts";
import type { ObservationSink } from "../observation.ts";
import { readErrorObject } from "../provider-error.ts";
import { MessagesAnswer } from "./answer.ts";
import { errorEvent } from "./error-body.ts";
import { isPlainDelta } from "./events.ts";

/** Watches a stream of the Messages API. */
export class MessagesStreamObserver implements StreamObserver {
  readonly #answer: MessagesAnswer;
  readonly #reader: JsonEventReader;

  /** @param reader with which each event is read, so that others need not read it again. @default one of its own */
  constructor(sink: ObservationSink, options: ObserveOptions, reader = new JsonEventReader()) {
    this.#answer = new MessagesAnswer(sink, options.usageOptional);
    this.#reader = reader;
  }

  event(bytes: Buffer, start: number, end: number): number {
    const reader = this.#reader;
    if (!reader.read(bytes, start, end) || isPlainDelta(reader.data, reader.dataStart)) return verdict.relay;
    const event = reader.object;
    return event === undefined ? verdict.relay : this.#observe(event);
  }

  finish(): AnswerEnd {
    return this.#answer.end(false);
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvent(error);
  }

  #observe(event: JsonObject): number {
    switch (event.string("type")) {
      case "message_start":
        this.#begin(event.object("message"));
        break;
      case "content_block_start":
        this.#startBlock(event);
        break;
      case "content_block_delta":
        this.#extendBlock(event);
        break;
      case "content_block_stop":
        this.#answer.stopBlock(blockIndex(event));
        break;
      case "message_delta":
        this.#answer.addDelta(event);
        break;
      case "message_stop":
        this.#answer.end(true);
        return verdict.terminal;
      case "error":
        this.#answer.fail(readErrorObject({ error: event.get("error") }));
        return verdict.terminal;
    }
    return verdict.relay;
  }

  #begin(message: JsonObject | undefined): void {
    if (message !== undefined) this.#answer.begin(message);
  }

  #startBlock(event: JsonObject): void {
    const block = event.object("content_block");
    if (block !== undefined) this.#answer.startBlock(blockIndex(event), block);
  }

  #extendBlock(event: JsonObject): void {
    const delta = event.object("delta");
    const type = delta?.string("type");
    const index = blockIndex(event);
    if (type === "input_json_delta")
      this.#answer.extendBlock(index, "call", delta?.string("partial_json") ?? "");
    else if (type === "thinking_delta")
      this.#answer.extendBlock(index, "thought", delta?.string("thinking") ?? "");
  }
}

/** An event without a readable index belongs to no block that began. */
function blockIndex(event: JsonObject): number {
  return asIndex(event.get("index")) ?? -1;
}

/** Reports the facts of a whole answer. */
export function observeAnswer(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerEnd {
  const answer = new MessagesAnswer(sink, options.usageOptional);
  const message = JsonObject.tryParse(body);
  if (message === undefined) return answer.end(false);
  answer.begin(message);
  const content = message.array("content");
  for (let index = 0; index < content.length; index += 1) {
    const { start, end } = content.span(index);
    const block = JsonObject.tryAt(body, start, end);
    if (block !== undefined) answer.startBlock(index, block);
    answer.stopBlock(index);
  }
  if (message.string("type") === "error") answer.fail(readErrorObject({ error: message.get("error") }));
  return answer.end(true);
}
