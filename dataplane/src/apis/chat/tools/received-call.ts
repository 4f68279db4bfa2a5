import type { JsonObject } from "../../../json/json-object.ts";
import { asText } from "../../json-kinds.ts";
import { ReceivedObject } from "./received-value.ts";

/** Whose tool a call is of; undefined while its name has not come. */
export type CallOwner = "central" | "client" | undefined;

/** One entry of `tool_calls`, put together from its deltas. */
export class ReceivedCall {
  readonly #call = new ReceivedObject();
  id = "";
  #owner: CallOwner;
  #deltas = 0;
  /** The index under which the client knows it; undefined while it knows nothing of it. */
  shownIndex: number | undefined;

  get owner(): CallOwner {
    return this.#owner;
  }

  /** True if deltas came of which the client does not know. */
  get isHeldBack(): boolean {
    return this.#deltas > 0 && this.shownIndex === undefined;
  }

  /** Takes a delta, or the whole entry. */
  add(entry: JsonObject, toolIds: ReadonlySet<string>): void {
    this.#deltas++;
    this.#call.add(entry, "index");
    this.#owner ??= this.#ownerAmong(toolIds);
  }

  get name(): string {
    return decoded(this.#call.object("function")?.raw("name") ?? "");
  }

  /** Raw JSON of the arguments; "" if there are none. */
  get input(): string {
    const raw = this.#call.object("function")?.raw("arguments") ?? "";
    // Some servers send the arguments themselves in place of their text.
    return raw.startsWith("{") ? raw : decoded(raw);
  }

  /** The entry as it goes back to the provider. */
  text(): string {
    return this.#call.text({ id: JSON.stringify(this.id) });
  }

  /** All that came of it so far, as one delta. */
  asDelta(index: number): string {
    return this.#call.text({ index: String(index) });
  }

  #ownerAmong(toolIds: ReadonlySet<string>): CallOwner {
    const type = decoded(this.#call.raw("type"));
    if ((type !== "" && type !== "function") || this.#has("custom")) return "client";
    const { name } = this;
    if (name === "") return undefined;
    return toolIds.has(name) && !this.#has("namespace") ? "central" : "client";
  }

  #has(member: string): boolean {
    const raw = this.#call.raw(member);
    return raw !== "" && raw !== "null";
  }
}

function decoded(raw: string): string {
  try {
    return asText(JSON.parse(raw));
  } catch {
    return "";
  }
}
