import { JsonObject } from "../json/json-object.ts";
import { SseEventReader } from "../sse/event.ts";

/** Reads events whose data is a JSON object, which is looked into once, however many want to see what is in it. */
export class JsonEventReader extends SseEventReader {
  #object: JsonObject | undefined;
  #isLookedInto = false;

  override read(bytes: Buffer, start: number, end: number): boolean {
    this.#isLookedInto = false;
    return super.read(bytes, start, end);
  }

  /** The data of the event that was read last; undefined if it is no object. */
  get object(): JsonObject | undefined {
    if (!this.#isLookedInto) {
      this.#object = JsonObject.tryAt(this.data, this.dataStart, this.dataEnd);
      this.#isLookedInto = true;
    }
    return this.#object;
  }
}
