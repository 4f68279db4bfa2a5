import type { Api, ObserveOptions } from "../apis/api.ts";
import type { ObservationSink } from "../apis/observation.ts";
import type {
  CentralCall,
  NotRunReason,
  ToolConversation,
  TurnEnd,
  TurnObserver,
} from "../apis/tool-conversation.ts";
import { concealedBytes } from "../upstream/conceal.ts";
import type { AnswerForm } from "./answer-form.ts";
import type { AnswerRelay, RelayTarget } from "./answer-relay.ts";
import { FilteredRelay } from "./filtered-relay.ts";
import { HeldAnswer, type WholeTarget } from "./held-answer.ts";
import { JsonRelay } from "./json-relay.ts";
import { StreamRelay } from "./stream-relay.ts";

export interface TurnRelayOptions {
  readonly api: Api;
  readonly conversation: ToolConversation;
  /** False if a refusal is the client's whatever the conversation makes of it. */
  readonly mayAmend: boolean;
  readonly observe: ObserveOptions;
  readonly sink: ObservationSink;
  /** Learns of central calls that are not run, at the latest when the end of the turn is about to go out. */
  leftOut(calls: readonly CentralCall[], reason: NotRunReason): void;
  /** Secrets that the client must not see in an error the provider answers with: a central key. */
  readonly concealed: readonly string[];
}

/** Longest event that may be hidden, in bytes: one that ends a turn holds all of its text again. */
const maxHiddenBytes = 64 * 1024 * 1024;

/** Relays the answer of one turn without what the client must not see of it. */
export class TurnRelay {
  readonly #options: TurnRelayOptions;
  #end: TurnEnd | undefined;
  #amended = false;
  /** Central calls that came so far. */
  #calls: () => readonly CentralCall[] = () => [];
  #areLeftOut = false;

  constructor(options: TurnRelayOptions) {
    this.#options = options;
  }

  /** What is to be done next; undefined if the turn did not come to its end. */
  get end(): TurnEnd | undefined {
    return this.#end;
  }

  /** True if the provider refused the request for something that is mended by now: it is to be sent again. */
  get amended(): boolean {
    return this.#amended;
  }

  /** The calls of the turn are not run. Only the first time counts. */
  leaveOut(): void {
    const calls = this.#areLeftOut ? [] : this.#calls();
    this.#areLeftOut = true;
    if (calls.length > 0) this.#options.leftOut(calls, this.#options.conversation.notRun);
  }

  /** As NewRelay. */
  readonly relay = (form: AnswerForm, downstream: WholeTarget, onTerminal: () => void): AnswerRelay => {
    const { api, conversation, mayAmend, sink, observe, concealed } = this.#options;
    if (form.isError && mayAmend && conversation.amend !== undefined)
      return new HeldAnswer((body) => this.#readError(body), downstream);
    if (form.isError) return new JsonRelay({ api, sink, downstream, observe, isError: true, concealed });
    if (form.streaming) return this.#streamRelay(downstream, onTerminal);
    return new HeldAnswer((body) => this.#read(body), downstream);
  };

  #streamRelay(downstream: RelayTarget, onTerminal: () => void): AnswerRelay {
    const { conversation, sink, observe } = this.#options;
    const observer = conversation.streamTurn(sink, observe);
    this.#calls = () => observer.calls;
    const watched: TurnObserver = {
      event: (bytes, start, end) => observer.event(bytes, start, end),
      get calls() {
        return observer.calls;
      },
      get replacement() {
        return observer.replacement;
      },
      finish: (clean) => this.#ended(observer.finish(clean)),
      errorEvent: (error) => observer.errorEvent(error),
    };
    const relay = new StreamRelay({
      observer: watched,
      downstream,
      hiding: true,
      wholeEvents: true,
      maxHiddenBytes,
      onTerminal: () => {
        this.leaveOut();
        onTerminal();
      },
    });
    return observer.filter === undefined ? relay : new FilteredRelay(relay, observer.filter);
  }

  #read(body: Buffer) {
    const { conversation, sink, observe } = this.#options;
    const { end, answer } = conversation.answerTurn(sink, body, observe);
    this.#calls = () => end.calls;
    this.#ended(end);
    return { end, answer: end.next === "client" ? answer : undefined };
  }

  #readError(body: Buffer) {
    const { api, conversation, concealed } = this.#options;
    const shown = concealedBytes(body, concealed);
    const error = api.readError(shown);
    this.#amended = conversation.amend?.(error) ?? false;
    return { end: { complete: true, error }, answer: this.#amended ? undefined : shown };
  }

  #ended(end: TurnEnd): TurnEnd {
    if (!end.complete) return end;
    this.#end = end;
    if (end.next === "client") this.leaveOut();
    return end;
  }
}
