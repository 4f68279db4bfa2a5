import type { GatewayError } from "../../../errors/gateway-error.ts";
import { setMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { encodeEvent } from "../../../sse/encode.ts";
import { type StreamObserver, verdict } from "../../api.ts";
import type { JsonEventReader } from "../../json-event-reader.ts";
import { asIndex } from "../../json-kinds.ts";
import type { CentralCall, TurnEnd, TurnObserver } from "../../tool-conversation.ts";
import { PlainTexts } from "./plain-texts.ts";
import { ReceivedBlock } from "./received-block.ts";
import type { ShownUsage } from "./shown-usage.ts";
import type { Turn } from "./turn.ts";

/** What is the same in all turns of one answer. */
export interface ShownStream {
  readonly usage: ShownUsage;
  /** Index of the next block that the client sees. */
  nextIndex: number;
}

export interface MessagesTurnOptions {
  readonly turn: Turn;
  readonly shown: ShownStream;
  /** True for the first turn, whose message_start is the client's. */
  readonly first: boolean;
  /** Watches for the records. */
  readonly observer: StreamObserver;
  /** With which the observer has read the event that it saw last. */
  readonly reader: JsonEventReader;
}

/** Block indexes beyond what any answer has are not mapped. */
const maxBlocks = 10_000;

/** One streamed turn of the Messages API: what the client sees of it, live. */
export class MessagesTurnObserver implements TurnObserver {
  readonly #options: MessagesTurnOptions;
  readonly #plainTexts = new PlainTexts();
  /** The blocks by their index in this turn, with the client's index; -1 for one the client does not see. */
  readonly #blocks = new Map<number, { readonly block: ReceivedBlock; readonly index: number }>();
  replacement: Buffer | undefined;

  constructor(options: MessagesTurnOptions) {
    this.#options = options;
  }

  event(bytes: Buffer, start: number, end: number): number {
    const { observer, reader } = this.#options;
    const observed = observer.event(bytes, start, end);
    this.replacement = undefined;
    if (!reader.hasData || this.#plainTexts.take(reader.data, reader.dataStart, reader.dataEnd))
      return observed;
    const event = reader.object;
    return event === undefined ? observed : this.#show(event, observed);
  }

  get calls(): CentralCall[] {
    return this.#options.turn.calls;
  }

  finish(clean: boolean): TurnEnd {
    const { observer, turn } = this.#options;
    return { ...observer.finish(clean), next: turn.next, calls: turn.calls };
  }

  errorEvent(error: GatewayError): Buffer {
    return this.#options.observer.errorEvent(error);
  }

  #show(event: JsonObject, observed: number): number {
    switch (event.string("type")) {
      case "message_start":
        return this.#start(event.object("message"));
      case "content_block_start":
        return this.#startBlock(event);
      case "content_block_delta":
        return this.#extendBlock(event);
      case "content_block_stop":
        return this.#move(event, "content_block_stop", this.#blocks.get(indexOf(event))?.index);
      case "message_delta":
        return this.#delta(event);
      case "message_stop":
        return this.#options.turn.next === "client" ? observed : verdict.hide;
      default:
        return observed;
    }
  }

  #start(message: JsonObject | undefined): number {
    const { turn, shown, first } = this.#options;
    turn.messageId = message?.string("id") ?? "";
    shown.usage.merge(message?.get("usage"));
    return first ? verdict.relay : verdict.hide;
  }

  #startBlock(event: JsonObject): number {
    const { turn, shown } = this.#options;
    const content = event.object("content_block");
    if (content === undefined || this.#blocks.size === maxBlocks) return verdict.relay;
    // The bytes of the event are those of a chunk, which is large and soon gone.
    const own = Buffer.from(content.bytes.subarray(content.start, content.end));
    const block = new ReceivedBlock(JsonObject.parse(own));
    const index = turn.add(block) === "hidden" ? -1 : shown.nextIndex++;
    const received = indexOf(event);
    this.#blocks.set(received, { block, index });
    if (index === received && block.type === "text") this.#plainTexts.begin(block, index);
    else this.#plainTexts.end();
    return this.#move(event, "content_block_start", index);
  }

  #extendBlock(event: JsonObject): number {
    const known = this.#blocks.get(indexOf(event));
    const delta = event.object("delta");
    if (known !== undefined && delta !== undefined) known.block.extend(delta);
    return this.#move(event, "content_block_delta", known?.index);
  }

  /** An event of a block: as it came, under another index, or not at all. */
  #move(event: JsonObject, name: string, index: number | undefined): number {
    if (index === undefined || index === indexOf(event)) return verdict.relay;
    if (index >= 0) this.replacement = withMember(event, name, "index", String(index));
    return verdict.hide;
  }

  #delta(event: JsonObject): number {
    const { turn, shown, first } = this.#options;
    shown.usage.merge(event.get("usage"));
    turn.stop(event.object("delta")?.string("stop_reason"));
    if (turn.next !== "client") return verdict.hide;
    if (first && turn.shownStopReason === undefined) return verdict.relay;
    let shownEvent = ownCopy(event);
    const delta = shownEvent.object("delta");
    if (turn.shownStopReason !== undefined && delta !== undefined)
      shownEvent = JsonObject.parse(setMember(delta, "stop_reason", JSON.stringify(turn.shownStopReason)));
    const usage = JSON.stringify(shown.usage.shown());
    this.replacement = encodeEvent(setMember(shownEvent, "usage", usage).toString(), "message_delta");
    return verdict.hide;
  }
}

function indexOf(event: JsonObject): number {
  return asIndex(event.get("index")) ?? -1;
}

function withMember(event: JsonObject, name: string, member: string, value: string): Buffer {
  return encodeEvent(setMember(ownCopy(event), member, value).toString(), name);
}

/** The event in bytes of its own: nothing but it. */
function ownCopy(event: JsonObject): JsonObject {
  return JsonObject.parse(Buffer.from(event.bytes.subarray(event.start, event.end)));
}
