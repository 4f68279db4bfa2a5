import type { JsonObject } from "../../../json/json-object.ts";
import type { CentralCall, NotRunReason, TurnEnd } from "../../tool-conversation.ts";
import { itemKey, type ReceivedItem, receivedItem } from "./received-item.ts";

/** Items of one answer beyond these are not followed. */
export const maxItems = 10_000;

export interface TurnOptions {
  readonly toolIds: ReadonlySet<string>;
  /** False for the last turn that is allowed: what is called in it is not run. */
  readonly mayCall: boolean;
}

/** One answer of the provider, as far as the loop must know it. */
export class Turn {
  readonly #toolIds: ReadonlySet<string>;
  readonly #mayCall: boolean;
  readonly #items = new Map<number, ReceivedItem>();
  readonly #keys = new Set<string>();
  /** Id of the response, "" while it is not known. */
  id = "";
  /** As the provider has it: "completed", "incomplete", "failed"; undefined until the answer is over. */
  status: string | undefined;
  /** False if the provider says that it does not keep this response. */
  stored = true;

  constructor({ toolIds, mayCall }: TurnOptions) {
    this.#toolIds = toolIds;
    this.#mayCall = mayCall;
  }

  /** Takes an item that is complete. Returns false for one whose index is known, or that is one too many. */
  add(index: number, item: JsonObject): boolean {
    if (this.#items.has(index) || this.#items.size === maxItems) return false;
    this.#keys.add(itemKey(item));
    this.#items.set(index, receivedItem(item, this.#toolIds));
    return true;
  }

  /**
   * True for an item of the final output that was added before: some servers number those otherwise than in their events.
   */
  has(index: number, item: JsonObject): boolean {
    const key = itemKey(item);
    return this.#items.has(index) || (key !== "" && this.#keys.has(key));
  }

  /** Takes the final response. @param status what its event says of it, for one that does not say it itself */
  end(response: JsonObject, status: string): void {
    this.id = response.string("id") ?? this.id;
    this.status = response.string("status") ?? status;
    this.stored = response.get("store") !== false;
  }

  get next(): TurnEnd["next"] {
    const run = this.#mayCall && this.status === "completed" && this.calls.length > 0 && !this.#awaitsClient;
    return run ? "calls" : "client";
  }

  get notRun(): NotRunReason {
    if (this.status === "completed" && this.#awaitsClient) return "not_run_mixed_turn";
    return this.#mayCall ? "not_run_incomplete" : "not_run_turn_limit";
  }

  /** True if the provider has an answer that can be gone on from. */
  get isUsable(): boolean {
    return this.status === "completed" || this.status === "incomplete";
  }

  get calls(): CentralCall[] {
    return this.#inOrder().flatMap(({ callId, central }) =>
      central === undefined
        ? []
        : [{ messageId: this.id, callId, toolId: central.name, input: central.input }],
    );
  }

  /** The `caller` of each call as raw JSON, "" if it has none. */
  get callers(): string[] {
    return this.#inOrder().flatMap(({ central }) => (central === undefined ? [] : [central.caller]));
  }

  /** All items as received, as JSON texts. */
  content(): string[] {
    return this.#inOrder().map(({ text }) => text);
  }

  get #awaitsClient(): boolean {
    const items = [...this.#items.values()];
    const answered = new Set(items.filter(({ isOutput }) => isOutput).map(({ callId }) => callId));
    return items.some((item) => item.awaitsClient && !answered.has(item.callId));
  }

  #inOrder(): ReceivedItem[] {
    return [...this.#items].sort(([a], [b]) => a - b).map(([, item]) => item);
  }
}
