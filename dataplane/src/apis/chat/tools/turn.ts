import { randomUUID } from "node:crypto";
import { JsonObject } from "../../../json/json-object.ts";
import { type MemberEdit, rewriteMembers } from "../../../json/rewrite-members.ts";
import { asIndex } from "../../json-kinds.ts";
import type { CentralCall, NotRunReason, TurnEnd } from "../../tool-conversation.ts";
import { CallOrder } from "../call-order.ts";
import { ReceivedCall } from "./received-call.ts";
import { ReceivedObject } from "./received-value.ts";

export interface TurnOptions {
  readonly toolIds: ReadonlySet<string>;
  /** False for the last turn that is allowed: what is called in it is not run. */
  readonly mayCall: boolean;
}

/** With these the model waits for the results of its calls; several servers say `stop` also then. */
const waitingReasons = new Set(["tool_calls", "stop"]);

/** One answer of the provider, as far as the loop must know it: its first choice. */
export class Turn {
  readonly #options: TurnOptions;
  /** All members of the message but its calls. */
  readonly #message = new ReceivedObject();
  /** The message of a whole answer, as it came. */
  #whole = "";
  readonly #order = new CallOrder(() => new ReceivedCall());
  #nextIndex = 0;
  #finishReason = "";
  messageId = "";

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** True once a call was kept from the client. */
  get isHiding(): boolean {
    return this.#order.calls.some(({ owner }) => owner === "central");
  }

  get next(): TurnEnd["next"] {
    return this.#options.mayCall && this.#isWaiting && this.#isCentralAlone ? "calls" : "client";
  }

  get notRun(): NotRunReason {
    if (this.#isWaiting && !this.#isCentralAlone) return "not_run_mixed_turn";
    return this.#options.mayCall ? "not_run_incomplete" : "not_run_turn_limit";
  }

  get calls(): CentralCall[] {
    const { messageId } = this;
    return this.#central.map(({ id, name, input }) => ({ messageId, callId: id, toolId: name, input }));
  }

  /**
   * The model stopped.
   * @returns what the client is told of it: there is nothing to answer if all calls were kept from it
   */
  stop(reason: string): string {
    this.#finishReason = reason;
    for (const call of this.#central) call.id ||= `call_${randomUUID().replaceAll("-", "")}`;
    return reason === "tool_calls" && this.#isCentralAlone ? "stop" : reason;
  }

  /** Takes a delta; returns what becomes of its calls for the client. */
  addDelta(delta: JsonObject): MemberEdit {
    this.#message.add(delta, "tool_calls");
    return this.#addCalls(delta, (entry) => {
      const named = entry.object("custom") ?? entry.object("function");
      const index = asIndex(entry.get("index"));
      return this.#order.callOf(index, entry.string("id") ?? "", named?.string("name") ?? "");
    });
  }

  /** Takes a piece of the message's text, as it is spelled between its quotes. */
  addContent(piece: string): void {
    this.#message.addText("content", piece);
  }

  /** Takes the message of a whole answer; returns what becomes of its calls for the client. */
  addMessage(message: JsonObject): MemberEdit {
    this.#whole = message.bytes.toString("utf8", message.start, message.end);
    this.#message.add(message, "tool_calls");
    return this.#addCalls(message, (entry) => {
      const call = this.#order.open();
      call.id = entry.string("id") ?? "";
      // Without an id the calls could not be answered: they get one, which the message does not have.
      if (call.id === "") this.#whole = "";
      return call;
    });
  }

  /** The message as it goes back to the provider before the results of its calls, as JSON text. */
  assistantMessage(): string {
    // What is no call of anything could not be answered.
    const areAllCentral = this.#order.calls.every(({ owner }) => owner === "central");
    if (this.#whole !== "" && areAllCentral) return this.#whole;
    const calls = this.#central.map((call) => call.text()).join(",");
    const role = this.#message.raw("role") || '"assistant"';
    return this.#message.text({ role, tool_calls: `[${calls}]` });
  }

  get #central(): ReceivedCall[] {
    return this.#order.calls.filter(({ owner }) => owner === "central");
  }

  get #isWaiting(): boolean {
    return waitingReasons.has(this.#finishReason);
  }

  get #isCentralAlone(): boolean {
    return this.isHiding && !this.#order.calls.some(({ owner }) => owner === "client");
  }

  #addCalls(delta: JsonObject, callOf: (entry: JsonObject) => ReceivedCall): MemberEdit {
    const entries = delta.array("tool_calls");
    const shown: string[] = [];
    let changed = false;
    for (let at = 0; at < entries.length; at++) {
      const { start, end } = entries.span(at);
      const entry = JsonObject.tryAt(delta.bytes, start, end);
      const edit = entry && this.#addCall(callOf(entry), entry);
      if (edit !== undefined) changed = true;
      if (edit !== null) shown.push(edit ?? delta.bytes.toString("utf8", start, end));
    }
    if (!changed) return undefined;
    return shown.length === 0 ? null : `[${shown.join(",")}]`;
  }

  /** Takes an entry of `tool_calls`; returns what becomes of it for the client. */
  #addCall(call: ReceivedCall, entry: JsonObject): MemberEdit {
    const { isHeldBack } = call;
    call.add(entry, this.#options.toolIds);
    if (call.owner !== "client") return null;
    const index = asIndex(entry.get("index"));
    call.shownIndex ??= this.isHiding || isHeldBack ? this.#nextIndex : (index ?? this.#nextIndex);
    this.#nextIndex = Math.max(this.#nextIndex, call.shownIndex + 1);
    const { shownIndex } = call;
    if (isHeldBack) return call.asDelta(shownIndex);
    if (index === undefined || index === shownIndex) return undefined;
    return rewriteMembers(entry, (name) => (name === "index" ? String(shownIndex) : undefined));
  }
}
