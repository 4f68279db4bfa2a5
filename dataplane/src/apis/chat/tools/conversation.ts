import type { GatewayError } from "../../../errors/gateway-error.ts";
import { appendElements, setMember } from "../../../json/edit-member.ts";
import { JsonObject } from "../../../json/json-object.ts";
import { encodeEvent } from "../../../sse/encode.ts";
import type { ApiRequest, ObserveOptions } from "../../api.ts";
import type { ObservationSink } from "../../observation.ts";
import type {
  AnsweredCall,
  AnswerTurn,
  CentralTool,
  NotRunReason,
  ToolConversation,
  ToolConversationOptions,
  TurnObserver,
} from "../../tool-conversation.ts";
import { withoutCalls } from "../../without-calls.ts";
import { ChatAnswer } from "../answer.ts";
import { errorEvent } from "../error-body.ts";
import { observeAnswer } from "../observe.ts";
import { type InjectedRequest, injectTools } from "./inject.ts";
import { ShownAnswer } from "./shown-answer.ts";
import { toolMessages } from "./tool-messages.ts";
import { Turn } from "./turn.ts";
import { ChatTurnObserver } from "./turn-observer.ts";
import { WholeAnswer } from "./whole-answer.ts";

/** Serves a Chat request with central tools; undefined where it gets none. */
export function withTools(
  request: ApiRequest,
  tools: readonly CentralTool[],
  options: ToolConversationOptions = {},
): ToolConversation | undefined {
  const injected = injectTools(request, tools, options);
  return injected && new ChatConversation(injected);
}

class ChatConversation implements ToolConversation {
  #body: Buffer;
  readonly #toolIds: ReadonlySet<string>;
  readonly #shown = new ShownAnswer();
  readonly #whole = new WholeAnswer(this.#shown);
  #turn: Turn | undefined;
  /** False once the model was told not to call: what it calls all the same is not run. */
  #mayCall = true;

  constructor({ bytes, toolIds }: InjectedRequest) {
    this.#body = bytes;
    this.#toolIds = toolIds;
  }

  get notRun(): NotRunReason {
    return this.#turn?.notRun ?? "not_run_incomplete";
  }

  get body(): Buffer {
    return this.#body;
  }

  streamTurn(sink: ObservationSink, { hideUsage, usageOptional }: ObserveOptions): TurnObserver {
    const answer = new ChatAnswer(withoutCalls(sink, this.#toolIds), usageOptional);
    return new ChatTurnObserver({ turn: this.#begin(), shown: this.#shown, answer, hideUsage });
  }

  answerTurn(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerTurn {
    const end = observeAnswer(withoutCalls(sink, this.#toolIds), body, options);
    const turn = this.#begin();
    const whole = end.complete ? JsonObject.tryParse(body) : undefined;
    const answer = whole === undefined ? body : this.#whole.add(whole, turn);
    return { end: { ...end, next: turn.next, calls: turn.calls }, answer };
  }

  proceed(results: readonly AnsweredCall[], last: boolean): void {
    if (this.#turn === undefined) throw new TypeError("there was no turn yet");
    const said = [this.#turn.assistantMessage(), ...toolMessages(results)];
    this.#body = appendElements(JsonObject.parse(this.#body), "messages", said.join(","));
    if (!last) return;
    this.#mayCall = false;
    this.#body = setMember(JsonObject.parse(this.#body), "tool_choice", '"none"');
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvent(error);
  }

  keepAlive(): Buffer | undefined {
    const chunk = this.#shown.identity.emptyChunk();
    return chunk === undefined ? undefined : encodeEvent(chunk);
  }

  #begin(): Turn {
    this.#shown.begin(this.#turn);
    this.#turn = new Turn({ toolIds: this.#toolIds, mayCall: this.#mayCall });
    return this.#turn;
  }
}
