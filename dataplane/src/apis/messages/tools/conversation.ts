import type { GatewayError } from "../../../errors/gateway-error.ts";
import { appendElements, setMember } from "../../../json/edit-member.ts";
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
  ToolResultPart,
  TurnObserver,
} from "../../tool-conversation.ts";
import { withoutCalls } from "../../without-calls.ts";
import { errorEvent } from "../error-body.ts";
import { MessagesStreamObserver, observeAnswer } from "../observe.ts";
import { type InjectedRequest, injectTools } from "./inject.ts";
import { ReceivedBlock } from "./received-block.ts";
import { ShownUsage } from "./shown-usage.ts";
import { ThoughtBinding } from "./thought-binding.ts";
import { Turn } from "./turn.ts";
import { MessagesTurnObserver } from "./turn-observer.ts";

/** Serves a Messages request with central tools; undefined where it gets none. */
export function withTools(
  request: ApiRequest,
  tools: readonly CentralTool[],
  options: ToolConversationOptions = {},
): ToolConversation | undefined {
  const injected = injectTools(request, tools, options);
  return injected && new MessagesConversation(injected, new ThoughtBinding(options));
}

const ping = encodeEvent('{"type":"ping"}', "ping");

class MessagesConversation implements ToolConversation {
  #body: Buffer;
  readonly #toolIds: ReadonlySet<string>;
  readonly #binding: ThoughtBinding;
  readonly #shown = { usage: new ShownUsage(), nextIndex: 0 };
  /** Blocks of whole answers that the client gets, as JSON text. */
  readonly #visible: string[] = [];
  #turn: Turn | undefined;
  #last = false;
  /** Id of the first turn's message: the client's. */
  #id = "";

  constructor({ body, toolIds }: InjectedRequest, binding: ThoughtBinding) {
    this.#body = binding.begin(body);
    this.#toolIds = toolIds;
    this.#binding = binding;
  }

  get notRun(): NotRunReason {
    return this.#turn?.notRun ?? "not_run_incomplete";
  }

  get body(): Buffer {
    return this.#body;
  }

  get betas(): readonly string[] {
    return this.#binding.betas;
  }

  streamTurn(sink: ObservationSink, options: ObserveOptions): TurnObserver {
    const first = this.#turn === undefined;
    const reader = new JsonEventReader();
    const observer = new MessagesStreamObserver(withoutCalls(sink, this.#toolIds), options, reader);
    return new MessagesTurnObserver({ turn: this.#begin(), shown: this.#shown, first, observer, reader });
  }

  answerTurn(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerTurn {
    const first = this.#turn === undefined;
    const end = observeAnswer(withoutCalls(sink, this.#toolIds), body, options);
    const turn = this.#begin();
    const message = JsonObject.tryParse(body);
    if (message === undefined) return { end: { ...end, next: "client", calls: [] }, answer: body };
    const allVisible = this.#read(turn, message);
    const answer = first && allVisible ? body : this.#answer(message);
    return { end: { ...end, next: turn.next, calls: turn.calls }, answer };
  }

  proceed(results: readonly AnsweredCall[], last: boolean): void {
    const turn = this.#turn;
    if (turn === undefined) throw new TypeError("there was no turn yet");
    const said = [`{"role":"assistant","content":[${turn.content()}]}`];
    if (results.length > 0) said.push(`{"role":"user","content":[${resultBlocks(results, turn.callers)}]}`);
    // Most requests need no second turn: what they became is read only here.
    this.#body = appendElements(JsonObject.parse(this.#body), "messages", said.join(","));
    this.#last = last;
    if (last) this.#body = setMember(JsonObject.parse(this.#body), "tool_choice", '{"type":"none"}');
  }

  amend(error: ObservedError): boolean {
    const amended = this.#binding.amend(this.#body, error);
    this.#body = amended ?? this.#body;
    return amended !== undefined;
  }

  errorEvent(error: GatewayError): Buffer {
    return errorEvent(error);
  }

  keepAlive(): Buffer {
    return ping;
  }

  #begin(): Turn {
    this.#binding.taken();
    this.#turn = new Turn(this.#toolIds, { hiding: this.#turn?.hiding ?? false, last: this.#last });
    this.#shown.usage.begin();
    return this.#turn;
  }

  /** Takes a whole message; returns true if the client gets all of it. */
  #read(turn: Turn, message: JsonObject): boolean {
    turn.messageId = message.string("id") ?? "";
    this.#id ||= turn.messageId;
    this.#shown.usage.merge(message.get("usage"));
    const content = message.array("content");
    let allVisible = true;
    for (let index = 0; index < content.length; index++) {
      const { start, end } = content.span(index);
      const block = JsonObject.tryAt(message.bytes, start, end);
      if (block !== undefined && turn.add(new ReceivedBlock(block)) === "hidden") allVisible = false;
      else this.#visible.push(message.bytes.toString("utf8", start, end));
    }
    turn.stop(message.string("stop_reason"));
    return allVisible;
  }

  /** The last turn's message with the blocks of all turns. */
  #answer(message: JsonObject): Buffer {
    let answer = JsonObject.parse(setMember(message, "content", `[${this.#visible.join(",")}]`));
    answer = JsonObject.parse(setMember(answer, "id", JSON.stringify(this.#id)));
    const stopReason = this.#turn?.shownStopReason;
    if (stopReason !== undefined)
      answer = JsonObject.parse(setMember(answer, "stop_reason", JSON.stringify(stopReason)));
    if (this.#shown.usage.turns === 1) return answer.bytes;
    return setMember(answer, "usage", JSON.stringify(this.#shown.usage.shown()));
  }
}

function resultBlocks(results: readonly AnsweredCall[], callers: readonly string[]): string {
  return results
    .map(({ call, result }, index) => {
      const block = JSON.stringify({
        type: "tool_result",
        tool_use_id: call.callId,
        content: result.parts.map(resultPart),
        ...(result.isError && { is_error: true }),
      });
      const caller = callers[index] ?? "";
      return caller === "" ? block : `${block.slice(0, -1)},"caller":${caller}}`;
    })
    .join(",");
}

function resultPart(part: ToolResultPart) {
  if (part.kind === "text") return { type: "text", text: part.text === "" ? "(empty)" : part.text };
  return { type: "image", source: { type: "base64", media_type: part.mimeType, data: part.data } };
}
