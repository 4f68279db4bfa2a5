import type { GatewayError } from "../errors/gateway-error.ts";
import type { AnswerEnd, ObserveOptions, StreamObserver } from "./api.ts";
import type { LooseThoughts } from "./messages/tools/loose-thoughts.ts";
import type { ObservationSink, ObservedError } from "./observation.ts";
import type { LooseReasoning } from "./responses/tools/loose-reasoning-memory.ts";
import type { ResponseAliases } from "./responses/tools/response-aliases.ts";
import type { LeftOutTools } from "./written-tools.ts";

/** A central tool as it goes into a request. */
export interface CentralTool {
  /** Under which the provider knows it: `bmcp_deepwiki_read_wiki`. */
  readonly id: string;
  /** "" if its server gave none. */
  readonly description: string;
  /** Its JSON Schema, as the server gave it. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** A call of a central tool, as the model made it. */
export interface CentralCall {
  /** Id of the response it came with. */
  readonly messageId: string;
  /** The provider's id of the call. */
  readonly callId: string;
  readonly toolId: string;
  /** Raw JSON as the model wrote it. */
  readonly input: string;
}

/** One piece of what the model gets to see of a result. */
export type ToolResultPart =
  | { readonly kind: "text"; readonly text: string }
  /** `data` is base64. */
  | { readonly kind: "image"; readonly mimeType: string; readonly data: string };

/** The result of a call as the model gets it; each API writes it in its own form. */
export interface ToolResult {
  /** True tells the model that the call failed; the text says why. */
  readonly isError: boolean;
  /** Never empty. */
  readonly parts: readonly ToolResultPart[];
}

export interface AnsweredCall {
  readonly call: CentralCall;
  readonly result: ToolResult;
}

/**
 * Why a central call was not run, as records say it. `not_run_mixed_turn`: the model called the client's tools beside it.
 * `not_run_turn_limit`: it came with the last answer that is allowed. `not_run_incomplete`: its answer broke off, or ended
 * otherwise than with the model waiting for results, as at its longest length.
 */
export type NotRunReason = "not_run_mixed_turn" | "not_run_turn_limit" | "not_run_incomplete";

/** What is to be done after a turn. */
export interface TurnEnd extends AnswerEnd {
  /**
   * `client`: the turn was the last one, the client has (or gets) all of it. `calls`: every call of the model was
   * central, they are to be run. `resume`: the provider paused and is asked to go on.
   */
  readonly next: "client" | "calls" | "resume";
  /** Central calls in the model's order: to be run if `next` is `calls`, else left out of what the client sees. */
  readonly calls: readonly CentralCall[];
}

/** Takes what the client must not see out of an answer's bytes before these are read, in whatever chunks they come. */
export interface AnswerFilter {
  /** What is left of the chunk, and of what was held back before it. */
  push(chunk: Buffer): Buffer;
  /** The answer is over: what was held back. */
  finish(): Buffer;
}

/** One streamed turn: watches like any observer, and says what the client gets in place of each event. */
export interface TurnObserver extends StreamObserver {
  /**
   * As StreamObserver.event. With `verdict.hide` the event's bytes do not go out, and `replacement` goes out instead. The
   * last event of a turn that is not the client's is hidden and not `terminal`.
   */
  event(bytes: Buffer, start: number, end: number): number;
  /** Central calls of the turn so far, in the model's order. */
  readonly calls: readonly CentralCall[];
  /** What goes out in place of the event that was hidden last: whole events; undefined for nothing. */
  readonly replacement: Buffer | undefined;
  /** Through which the answer's bytes come to it; undefined for none. */
  readonly filter?: AnswerFilter | undefined;
  finish(clean: boolean): TurnEnd;
}

/** One turn that came as a whole. */
export interface AnswerTurn {
  readonly end: TurnEnd;
  /** What the client gets if this was the last turn. */
  readonly answer: Buffer;
}

/** What a conversation needs beside the request. */
export interface ToolConversationOptions {
  /** Responses: what the provider holds of earlier answers beyond what this client saw. @default nothing is known */
  readonly aliases?: ResponseAliases;
  /** Messages: whether thoughts of this conversation are refused as they are. @default nothing is known */
  readonly thoughts?: LooseThoughts;
  /** Responses: reasoning whose calls were hidden from its client. @default nothing is known */
  readonly reasoning?: LooseReasoning;
  readonly rules?: ToolRules;
  /** Told of tools that did not go into the request, if there are any. */
  readonly leftOut?: (tools: LeftOutTools) => void;
}

/**
 * What is done so that providers take what their clients make of answers with hidden calls. Each can be switched off for
 * a provider that does not want it.
 */
export interface ToolRules {
  /**
   * Messages: where the provider refuses thoughts as bound to another conversation, it is asked to leave them out.
   * @default true
   */
  readonly dropsLooseThoughts?: boolean;
  /**
   * Responses: leaves reasoning out of the input that leads to nothing, because the call behind it was hidden from the
   * client: providers refuse it. @default true
   */
  readonly dropsLooseReasoning?: boolean;
  /**
   * Responses: where the provider misses the output for a call that was hidden from the client and not run, it gets one
   * that says so. @default true
   */
  readonly answersMissedCalls?: boolean;
}

/** One client request served with central tools, turn by turn. */
export interface ToolConversation {
  /** Body of the next upstream request. Bytes of the client's own body change only where tools or results are put in. */
  readonly body: Buffer;
  /** Messages: what `body` needs in the header `anthropic-beta` beside what the client has there. @default none */
  readonly betas?: readonly string[];
  /** Begins a streamed turn. The sink learns of all but the central calls. */
  streamTurn(sink: ObservationSink, options: ObserveOptions): TurnObserver;
  /** Why central calls of the turn under way, as far as it came, are not run if they are not. */
  readonly notRun: NotRunReason;
  /** Takes a turn that came as a whole. The sink learns of all but the central calls. Never throws. */
  answerTurn(sink: ObservationSink, body: Buffer, options: ObserveOptions): AnswerTurn;
  /**
   * Makes `body` the request of the next turn.
   * @param results of all calls of the turn before, in order; none after `resume`
   * @param last true forbids further calls (tool choice none)
   */
  proceed(results: readonly AnsweredCall[], last: boolean): void;
  /**
   * The provider refused `body` with this error before anything of the turn was relayed. Returns true if `body` is now
   * another that is worth a try; each mended thing is mended once.
   */
  amend?(error: ObservedError): boolean;
  /** The bytes that tell the client of an error after bytes went out, in this API's form. */
  errorEvent(error: GatewayError): Buffer;
  /** An event that keeps a client waiting through a silence; undefined while none may be sent. */
  keepAlive(): Buffer | undefined;
}
