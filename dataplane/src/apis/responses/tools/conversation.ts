import type { GatewayError } from "../../../errors/gateway-error.ts";
import { JsonEdits } from "../../../json/json-edits.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { encodeEvent } from "../../../sse/encode.ts";
import type { ApiRequest, ObserveOptions } from "../../api.ts";
import { JsonEventReader } from "../../json-event-reader.ts";
import type { ObservationSink, ObservedError } from "../../observation.ts";
import type {
  AnsweredCall,
  AnswerTurn,
  CentralTool,
  NotRunReason,
  ToolConversation,
  ToolConversationOptions,
} from "../../tool-conversation.ts";
import { withoutCalls } from "../../without-calls.ts";
import { errorEvents } from "../error-body.ts";
import { observeAnswer, ResponsesStreamObserver } from "../observe.ts";
import { callOutput } from "./call-output.ts";
import { withoutEcho } from "./echo-cutter.ts";
import { withoutAsking } from "./encrypted-reasoning.ts";
import { type InjectedRequest, injectTools } from "./inject.ts";
import { appendInput } from "./input.ts";
import { rememberLoose, withoutRefused } from "./loose-reasoning.ts";
import { withMissingOutput } from "./missing-output.ts";
import { isCentralCall } from "./received-item.ts";
import { Sequence } from "./sequence.ts";
import { ShownAnswer } from "./shown-answer.ts";
import type { AnswerKind } from "./spelled-tools.ts";
import { conversationId, type StateHolder, stateHolder } from "./state-holder.ts";
import { Turn } from "./turn.ts";
import { ResponsesTurnObserver } from "./turn-observer.ts";

/**
 * Serves a Responses request with central tools; undefined where it gets none and goes on from nothing that was hidden
 * from its client. For a request that is to get none, but may go on so (compaction), `tools` is empty.
 */
export function withTools(
  request: ApiRequest,
  tools: readonly CentralTool[],
  options: ToolConversationOptions = {},
): ToolConversation | undefined {
  const injected = injectTools(request.body, tools, options);
  return injected && new ResponsesConversation(request.body, injected, options);
}

class ResponsesConversation implements ToolConversation {
  /** The client's own request. */
  readonly #request: JsonObject;
  readonly #options: ToolConversationOptions;
  readonly #toolIds: ReadonlySet<string>;
  readonly #asksEncrypted: boolean;
  readonly #shown: ShownAnswer;
  readonly #sequence = new Sequence();
  /** The first turn's request, which all others are made from. */
  #first: Buffer;
  #body: Buffer;
  /** What every turn so far adds to the input of a request that repeats all. */
  readonly #said: string[] = [];
  #turn: Turn | undefined;
  #mayCall = true;
  #observer: ResponsesTurnObserver | undefined;

  constructor(request: JsonObject, injected: InjectedRequest, options: ToolConversationOptions) {
    this.#request = request;
    this.#options = options;
    this.#toolIds = injected.toolIds;
    this.#asksEncrypted = injected.asksEncrypted;
    this.#shown = new ShownAnswer({
      request,
      toolIds: injected.toolIds,
      hidesEncrypted: injected.asksEncrypted,
    });
    this.#first = injected.bytes;
    this.#body = injected.bytes;
  }

  get notRun(): NotRunReason {
    return this.#turn?.notRun ?? "not_run_incomplete";
  }

  get body(): Buffer {
    return this.#body;
  }

  streamTurn(sink: ObservationSink, options: ObserveOptions): ResponsesTurnObserver {
    const reader = new JsonEventReader();
    this.#observer = new ResponsesTurnObserver({
      turn: this.#begin("stream"),
      shown: this.#shown,
      sequence: this.#sequence,
      reader,
      observer: new ResponsesStreamObserver(withoutCalls(sink, this.#toolIds), options, reader),
      onEnd: () => this.#remember(),
    });
    return this.#observer;
  }

  answerTurn(sink: ObservationSink, whole: Buffer, options: ObserveOptions): AnswerTurn {
    const body = withoutEcho(whole, this.#toolIds);
    const end = observeAnswer(withoutCalls(sink, this.#toolIds), body, options);
    const turn = this.#begin("whole");
    const response = JsonObject.tryParse(body);
    if (response === undefined) return { end: { ...end, next: "client", calls: [] }, answer: body };
    this.#read(turn, response);
    const edits = new JsonEdits();
    this.#shown.complete(edits, response);
    const answer = edits.isEmpty ? body : edits.apply(body, { start: 0, end: body.length });
    return { end: { ...end, next: turn.next, calls: turn.calls }, answer };
  }

  proceed(results: readonly AnsweredCall[], last: boolean): void {
    const turn = this.#turn;
    if (turn === undefined) throw new TypeError("there was no turn yet");
    const outputs = results.map((answered, index) => callOutput(answered, turn.callers[index] ?? ""));
    this.#said.push(...turn.content(), ...outputs);
    const body = JsonObject.parse(this.#first);
    const edits = new JsonEdits();
    const holder = this.#holder(turn);
    if (holder === "client") appendInput(edits, body, this.#said);
    else edits.set(body, "input", `[${outputs.join(",")}]`);
    if (holder === "provider") edits.set(body, "previous_response_id", JSON.stringify(turn.id));
    this.#mayCall = !last;
    if (last) edits.set(body, "tool_choice", '"none"');
    this.#body = edits.apply(this.#first, { start: 0, end: this.#first.length });
  }

  amend(error: ObservedError): boolean {
    const amended =
      this.#withMissingOutput(error) ?? this.#withoutRefused(error) ?? this.#withoutAsking(error);
    if (amended === undefined) return false;
    // A later turn is answered within the loop: only the first can miss what came before.
    if (this.#turn === undefined) this.#first = amended;
    this.#body = amended;
    return true;
  }

  errorEvent(error: GatewayError): Buffer {
    return this.#observer?.errorEvent(error) ?? errorEvents(error, 0, undefined);
  }

  keepAlive(): Buffer | undefined {
    if (this.#observer === undefined || this.#shown.created === undefined) return undefined;
    const event = { type: "keepalive", sequence_number: this.#observer.takeNumber() };
    return encodeEvent(JSON.stringify(event), event.type);
  }

  #begin(kind: AnswerKind): Turn {
    this.#turn = new Turn({ toolIds: this.#toolIds, mayCall: this.#mayCall });
    this.#shown.begin(kind);
    return this.#turn;
  }

  /** Takes a whole response. */
  #read(turn: Turn, response: JsonObject): void {
    const output = response.array("output");
    for (let index = 0; index < output.length; index += 1) {
      const { start, end } = output.span(index);
      const item = JsonObject.tryAt(response.bytes, start, end);
      if (item === undefined || !turn.add(index, item)) continue;
      if (isCentralCall(item, this.#toolIds)) this.#shown.differs = true;
      else this.#shown.show(this.#shown.nextPlace(), item);
    }
    turn.end(response, "completed");
    this.#shown.addUsage(response.get("usage"));
    this.#remember();
  }

  #holder(turn: Turn): StateHolder {
    const holder = stateHolder(this.#request);
    return holder === "provider" && (turn.id === "" || !turn.stored) ? "client" : holder;
  }

  /** Remembers what the provider holds of the answer so far. */
  #remember(): void {
    const turn = this.#turn;
    if (turn === undefined || !turn.isUsable) return;
    const { aliases, reasoning } = this.#options;
    if (reasoning !== undefined && turn.calls.length > 0)
      rememberLoose(turn.content(), this.#toolIds, reasoning);
    const holder = this.#holder(turn);
    const pending = turn.calls.map(({ callId }) => callId);
    const conversation = conversationId(this.#request);
    if (conversation !== undefined) aliases?.remember(conversation, conversation, pending);
    else if (holder === "provider") aliases?.remember(this.#shown.created?.id ?? turn.id, turn.id, pending);
  }

  #withMissingOutput(error: ObservedError): Buffer | undefined {
    const { rules } = this.#options;
    return rules?.answersMissedCalls === false ? undefined : withMissingOutput(this.#body, error);
  }

  #withoutRefused(error: ObservedError): Buffer | undefined {
    const { rules, reasoning } = this.#options;
    if (rules?.dropsLooseReasoning === false) return undefined;
    return withoutRefused(this.#body, error, reasoning);
  }

  #withoutAsking(error: ObservedError): Buffer | undefined {
    if (!this.#asksEncrypted) return undefined;
    return withoutAsking(JsonObject.parse(this.#body), this.#request, error);
  }
}
