import type { JsonEdits } from "../../../json/json-edits.ts";
import type { JsonObject } from "../../../json/json-object.ts";
import { asIndex } from "../../json-kinds.ts";

const member = "sequence_number";

/** Numbers the events that a client gets. They keep their own numbers until one is hidden, or put in between. */
export class Sequence {
  #next: number | undefined;

  /** True while events keep the numbers they came with. */
  get isUntouched(): boolean {
    return this.#next === undefined;
  }

  /** The event does not reach the client: the one after it takes its number. */
  hide(event: JsonObject): void {
    this.#next ??= asIndex(event.get(member));
  }

  /** Gives the event its number, if it has one at all. */
  renumber(edits: JsonEdits, event: JsonObject): void {
    const span = this.#next === undefined ? undefined : event.member(member);
    if (span === undefined || this.#next === undefined) return;
    const number = this.#next++;
    if (number !== asIndex(event.get(member))) edits.replace(span, String(number));
  }

  /** Takes a number for an event of the gateway's own. @param otherwise its number if none was taken or hidden yet */
  take(otherwise: number): number {
    const number = this.#next ?? otherwise;
    this.#next = number + 1;
    return number;
  }
}
