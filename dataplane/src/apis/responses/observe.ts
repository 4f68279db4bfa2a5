import type { GatewayError } from "../../errors/gateway-error.ts";
import { findMember, findValue } from "../../json/find-member.ts";
import { JsonObject } from "../../json/json-object.ts";
import { type AnswerEnd, type ObserveOptions, type StreamObserver, verdict } from "../api.ts";
import { JsonEventReader } from "../json-event-reader.ts";
import { asIndex, asText } from "../json-kinds.ts";
import type { ObservationSink } from "../observation.ts";
import { readErrorObject } from "../provider-error.ts";
import { ResponsesAnswer } from "./answer.ts";
import { type CreatedResponse, errorEvents } from "./error-body.ts";
import { type DeltaText, deltaTexts, eventType, isOutputText, terminalTypes } from "./events.ts";

/** Watches a stream of the Responses API. */
export class ResponsesStreamObserver implements StreamObserver {
  readonly #answer: ResponsesAnswer;
  readonly #reader: JsonEventReader;
  #created: CreatedResponse | undefined;
  #events = 0;

  /** @param reader with which each event is read, so that others need not read it again. @default one of its own */
  constructor(sink: ObservationSink, options: ObserveOptions, reader = new JsonEventReader()) {
    this.#answer = new ResponsesAnswer(sink, options.usageOptional);
    this.#reader = reader;
  }

  event(bytes: Buffer, start: number, end: number): number {
    const reader = this.#reader;
    if (!reader.read(bytes, start, end)) return verdict.relay;
    this.#events += 1;
    if (isOutputText(reader) && !this.#answer.hasOpenCommentary) return verdict.relay;
    const type = eventType(reader);
    if (terminalTypes.has(type)) {
      this.#complete(type);
      return verdict.terminal;
    }
    this.#observe(type);
    return verdict.relay;
  }

  finish(): AnswerEnd {
    return this.#answer.end();
  }

  errorEvent(error: GatewayError): Buffer {
    const { data, dataStart, dataEnd } = this.#reader;
    const last = asIndex(findValue(data, dataStart, dataEnd, "sequence_number"));
    return errorEvents(error, last === undefined ? this.#events : last + 1, this.#created);
  }

  #observe(type: string): void {
    const delta = deltaTexts.get(type);
    if (delta !== undefined) this.#extendItem(delta);
    else if (type === "response.output_item.added" || type === "response.output_item.done") this.#item(type);
    else if (type === "error") this.#answer.fail(readErrorObject(this.#parsed()));
    else if (this.#created === undefined) this.#identify();
  }

  /** Reads of the first lifecycle event what stands at its front; behind it the whole request is repeated. */
  #identify(): void {
    const { data, dataEnd } = this.#reader;
    const response = this.#responseStart();
    if (response === -1) return;
    const id = asText(findValue(data, response, dataEnd, "id"));
    if (id === "") return;
    const model = asText(findValue(data, response, dataEnd, "model"));
    const createdAt = asIndex(findValue(data, response, dataEnd, "created_at")) ?? 0;
    this.#created = { id, model, createdAt };
    this.#answer.identify(id);
  }

  #item(type: string): void {
    const event = this.#reader.object;
    const index = asIndex(event?.get("output_index"));
    const item = event?.object("item");
    if (index === undefined || item === undefined) return;
    if (type === "response.output_item.done") this.#answer.closeItem(index, item);
    else this.#answer.openItem(index, item);
  }

  #extendItem({ text, part }: DeltaText): void {
    const event = this.#reader.object;
    const index = asIndex(event?.get("output_index"));
    if (event === undefined || index === undefined) return;
    const partIndex = part === undefined ? 0 : (asIndex(event.get(part)) ?? 0);
    this.#answer.extendItem(index, text, partIndex, event.string("delta") ?? "");
  }

  #complete(type: string): void {
    const { data, dataEnd } = this.#reader;
    const start = this.#responseStart();
    const response = start === -1 ? undefined : JsonObject.tryAt(data, start, dataEnd);
    const end = this.#answer.complete(response);
    if (type === "response.failed" && end.error === undefined)
      this.#answer.fail({ type: "response_failed", message: "" });
  }

  #responseStart(): number {
    const { data, dataStart, dataEnd } = this.#reader;
    return findMember(data, dataStart, dataEnd, "response");
  }

  #parsed(): unknown {
    const { data, dataStart, dataEnd } = this.#reader;
    try {
      return JSON.parse(data.toString("utf8", dataStart, dataEnd));
    } catch {
      return { type: "error" };
    }
  }
}

/** Reports the facts of a whole answer, also of `/v1/responses/compact`. */
export function observeAnswer(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerEnd {
  const answer = new ResponsesAnswer(sink, options.usageOptional);
  const response = JsonObject.tryParse(body);
  return response === undefined ? answer.end() : answer.complete(response);
}
