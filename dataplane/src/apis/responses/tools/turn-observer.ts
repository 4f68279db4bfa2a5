import type { GatewayError } from "../../../errors/gateway-error.ts";
import { findValue } from "../../../json/find-member.ts";
import { JsonEdits } from "../../../json/json-edits.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { type StreamObserver, verdict } from "../../api.ts";
import type { JsonEventReader } from "../../json-event-reader.ts";
import { asIndex } from "../../json-kinds.ts";
import type { AnswerFilter, CentralCall, TurnEnd, TurnObserver } from "../../tool-conversation.ts";
import { errorEvents } from "../error-body.ts";
import { eventType, isOutputText, terminalTypes } from "../events.ts";
import { EchoCutter } from "./echo-cutter.ts";
import { encodeEdited } from "./encode-edited.ts";
import { removeEncrypted } from "./encrypted-reasoning.ts";
import { isCentralCall } from "./received-item.ts";
import type { Sequence } from "./sequence.ts";
import type { ShownAnswer } from "./shown-answer.ts";
import { spelledTools } from "./spelled-tools.ts";
import { maxItems, type Turn } from "./turn.ts";

export interface ResponsesTurnOptions {
  readonly turn: Turn;
  readonly shown: ShownAnswer;
  readonly sequence: Sequence;
  /** Watches for the records. */
  readonly observer: StreamObserver;
  /** With which the observer has read the event that it saw last. */
  readonly reader: JsonEventReader;
  /** The turn is over: its `next` is known. */
  readonly onEnd: () => void;
}

/** Events that bring the response as it is before anything was generated. */
const openingTypes: ReadonlySet<string> = new Set([
  "response.created",
  "response.queued",
  "response.in_progress",
]);

/** Events that bring an item, as far as it is known or whole. */
const itemTypes: ReadonlySet<string> = new Set(["response.output_item.added", "response.output_item.done"]);

const hidden = -1;

/** One streamed turn of the Responses API: what the client sees of it, live. */
export class ResponsesTurnObserver implements TurnObserver {
  readonly #options: ResponsesTurnOptions;
  readonly #reader: JsonEventReader;
  /** Place in the client's output by output_index in this turn; `hidden` for an item the client does not see. */
  readonly #places = new Map<number, number>();
  #events = 0;
  readonly filter: AnswerFilter | undefined;
  replacement: Buffer | undefined;

  constructor(options: ResponsesTurnOptions) {
    this.#options = options;
    this.#reader = options.reader;
    const spelled = spelledTools(options.shown.toolIds, "stream");
    this.filter = spelled && new EchoCutter(spelled);
  }

  event(bytes: Buffer, start: number, end: number): number {
    const { observer } = this.#options;
    const observed = observer.event(bytes, start, end);
    this.replacement = undefined;
    const reader = this.#reader;
    if (!reader.hasData) return observed;
    this.#events += 1;
    if (this.#isUntouched && isOutputText(reader)) return observed;
    const type = eventType(reader);
    const bringsResponse = openingTypes.has(type) || terminalTypes.has(type);
    if (this.#isUntouched && !bringsResponse && !itemTypes.has(type)) return observed;
    const event = reader.object;
    return event === undefined ? observed : this.#show(type, event, observed);
  }

  get calls(): CentralCall[] {
    return this.#options.turn.calls;
  }

  finish(clean: boolean): TurnEnd {
    const { observer, turn } = this.#options;
    return { ...observer.finish(clean), next: turn.next, calls: turn.calls };
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvents(error, this.takeNumber(), this.#options.shown.created);
  }

  /** The number of an event that is put behind the last one. */
  takeNumber(): number {
    const { data, dataStart, dataEnd } = this.#reader;
    const last = asIndex(findValue(data, dataStart, dataEnd, "sequence_number"));
    return this.#options.sequence.take(last === undefined ? this.#events : last + 1);
  }

  /** True while nothing was hidden or put in: most events go out without a look at what is in them. */
  get #isUntouched(): boolean {
    const { shown, sequence } = this.#options;
    return !shown.differs && sequence.isUntouched;
  }

  #show(type: string, event: JsonObject, observed: number): number {
    if (openingTypes.has(type)) return this.#open(event, observed);
    if (terminalTypes.has(type)) return this.#end(type, event, observed);
    const index = asIndex(event.get("output_index"));
    if (index === undefined) return this.#relay(event, new JsonEdits(), observed);
    const item = event.object("item");
    const place = this.#place(index, item);
    if (type === "response.output_item.done" && item !== undefined) this.#take(index, place, item);
    return this.#move(event, { from: index, to: place, item }, observed);
  }

  #open(event: JsonObject, observed: number): number {
    const { turn, shown } = this.#options;
    const response = event.object("response");
    if (response === undefined) return this.#relay(event, new JsonEdits(), observed);
    turn.id = response.string("id") ?? turn.id;
    if (!shown.isFirstTurn) return this.#hide(event);
    if (turn.id !== "")
      shown.created ??= {
        id: turn.id,
        model: response.string("model") ?? "",
        createdAt: asIndex(response.get("created_at")) ?? 0,
      };
    const edits = new JsonEdits();
    shown.restore(edits, response);
    return this.#relay(event, edits, observed);
  }

  /** The place of an item, which is decided when it is heard of first. */
  #place(index: number, item: JsonObject | undefined): number {
    const { shown } = this.#options;
    const known = this.#places.get(index);
    if (known !== undefined) return known;
    if (this.#places.size === maxItems) return index;
    const isHidden = item !== undefined && isCentralCall(item, shown.toolIds);
    const place = isHidden ? hidden : shown.nextPlace();
    if (isHidden) shown.differs = true;
    this.#places.set(index, place);
    return place;
  }

  #take(index: number, place: number, item: JsonObject): void {
    const { turn, shown } = this.#options;
    if (turn.add(index, item) && place !== hidden && this.#places.has(index)) shown.show(place, item);
  }

  /** An event of an item: as it came, at another place, or not at all. */
  #move(
    event: JsonObject,
    { from, to, item }: { readonly from: number; readonly to: number; readonly item: JsonObject | undefined },
    observed: number,
  ): number {
    if (to === hidden) return this.#hide(event);
    const edits = new JsonEdits();
    if (to !== from) edits.set(event, "output_index", String(to));
    if (item !== undefined && this.#options.shown.hidesEncrypted) removeEncrypted(edits, item);
    return this.#relay(event, edits, observed);
  }

  #end(type: string, event: JsonObject, observed: number): number {
    const { turn, shown, onEnd } = this.#options;
    const response = event.object("response");
    if (response === undefined) return this.#relay(event, new JsonEdits(), observed);
    this.#takeRemaining(response);
    turn.end(response, type.slice("response.".length));
    shown.addUsage(response.get("usage"));
    onEnd();
    if (turn.next !== "client") return this.#hide(event);
    const edits = new JsonEdits();
    shown.complete(edits, response);
    return this.#relay(event, edits, observed);
  }

  /** Takes the items that no event brought. */
  #takeRemaining(response: JsonObject): void {
    const output = response.array("output");
    for (let index = 0; index < output.length; index += 1) {
      const { start, end } = output.span(index);
      const item = JsonObject.tryAt(response.bytes, start, end);
      if (item === undefined || this.#options.turn.has(index, item)) continue;
      this.#take(index, this.#place(index, item), item);
    }
  }

  #hide(event: JsonObject): number {
    this.#options.sequence.hide(event);
    return verdict.hide;
  }

  /** The event goes out with these edits and its number. */
  #relay(event: JsonObject, edits: JsonEdits, observed: number): number {
    this.#options.sequence.renumber(edits, event);
    if (edits.isEmpty) return observed;
    const reader = this.#reader;
    this.replacement = encodeEdited(
      edits.apply(event.bytes, event),
      reader.isNamed ? reader.name() : undefined,
    );
    return observed | verdict.hide;
  }
}
