import type { ApiName } from "../../dataplane/src/apis/api.ts";
import type { ObservationSink } from "../../dataplane/src/apis/observation.ts";
import type {
  AnsweredCall,
  CentralCall,
  ToolConversation,
  TurnEnd,
} from "../../dataplane/src/apis/tool-conversation.ts";
import { StreamRelay } from "../../dataplane/src/loop/stream-relay.ts";
import type { ProviderAnswer } from "../../sdk/src/testing/answer.ts";
import { renderAnswer } from "../../sdk/src/testing/render.ts";
import type { Observation } from "../fixtures/story.ts";

/** Answers a request, parsed, that names these betas in its header; bytes are sent as they are. */
// biome-ignore lint/suspicious/noExplicitAny: requests of many shapes
export type AnswerTo = (request: any, betas: readonly string[]) => ProviderAnswer | Buffer;

export interface ServeTurnsOptions {
  readonly api: ApiName;
  /** What the provider says turn by turn; bytes are sent as they are. An error is to be mended by the conversation. */
  readonly answers: readonly (ProviderAnswer | Buffer | AnswerTo)[];
  /** Bytes of a chunk. @default the whole answer is one */
  readonly chunkBytes?: number;
  /** The turn after which no further calls are allowed. @default 20 */
  readonly maxTurns?: number;
  /** @default the text "result of <call id>" */
  readonly result?: (call: CentralCall) => AnsweredCall["result"];
}

/** What became of one client request. */
export interface ServedTurns {
  /** What the client got: all of a stream, or the one answer. */
  readonly body: string;
  /** The requests to the provider, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: requests of many shapes
  readonly requests: readonly any[];
  /** The bytes of the provider's answers. */
  readonly answers: readonly Buffer[];
  readonly ends: readonly TurnEnd[];
  readonly seen: readonly Observation[];
}

const observe = { hideUsage: false, usageOptional: false };

/** Serves a conversation as the loop does, but for the network: every turn is relayed, calls are answered at once. */
export function serveTurns(conversation: ToolConversation, options: ServeTurnsOptions): ServedTurns {
  const { api, answers, maxTurns = 20, result = resultOf } = options;
  const seen: Observation[] = [];
  const served = { requests: [] as unknown[], answers: [] as Buffer[], ends: [] as TurnEnd[], seen };
  const out: Buffer[] = [];
  for (const answer of answers) {
    const { request, bytes } = ask(conversation, api, answer);
    served.requests.push(request);
    served.answers.push(bytes);
    const end =
      request.stream === true
        ? relayStream(conversation, bytes, collect(seen), out, options.chunkBytes ?? bytes.length)
        : relayWhole(conversation, bytes, collect(seen), out);
    served.ends.push(end);
    if (end.next === "client") break;
    const results = end.calls.map((call) => ({ call, result: result(call) }));
    conversation.proceed(results, served.ends.length + 1 >= maxTurns);
  }
  return { ...served, body: Buffer.concat(out).toString() };
}

function ask(conversation: ToolConversation, api: ApiName, answer: ServeTurnsOptions["answers"][number]) {
  for (;;) {
    const request = JSON.parse(conversation.body.toString());
    const given = typeof answer === "function" ? answer(request, conversation.betas ?? []) : answer;
    if (Buffer.isBuffer(given)) return { request, bytes: given };
    if (!("error" in given)) return { request, bytes: Buffer.concat(renderAnswer(api, given, request).body) };
    const error = { type: given.error.type ?? "", message: given.error.message ?? "" };
    if (conversation.amend?.(error) !== true) throw new Error(`the provider refused: ${error.message}`);
  }
}

function relayStream(
  conversation: ToolConversation,
  bytes: Buffer,
  sink: ObservationSink,
  out: Buffer[],
  chunkBytes: number,
): TurnEnd {
  const observer = conversation.streamTurn(sink, observe);
  let end: TurnEnd | undefined;
  const watched = {
    event: (from: Buffer, start: number, to: number) => observer.event(from, start, to),
    get replacement() {
      return observer.replacement;
    },
    finish: (clean: boolean) => {
      end = observer.finish(clean);
      return end;
    },
    errorEvent: observer.errorEvent.bind(observer),
  };
  const downstream = { gone: false, write: (chunk: Buffer) => void out.push(Buffer.from(chunk)) };
  const relay = new StreamRelay({
    observer: watched,
    downstream,
    hiding: true,
    maxHiddenBytes: 1 << 26,
    onTerminal() {},
  });
  for (let at = 0; at < bytes.length; at += chunkBytes)
    relay.data(Buffer.from(bytes.subarray(at, at + chunkBytes)));
  relay.finish(true);
  relay.release();
  if (end === undefined) throw new Error("the turn did not end");
  return end;
}

function relayWhole(
  conversation: ToolConversation,
  bytes: Buffer,
  sink: ObservationSink,
  out: Buffer[],
): TurnEnd {
  const { end, answer } = conversation.answerTurn(sink, bytes, observe);
  if (end.next === "client") out.push(answer);
  return end;
}

function resultOf({ callId }: CentralCall): AnsweredCall["result"] {
  return { isError: false, parts: [{ kind: "text", text: `result of ${callId}` }] };
}

function collect(seen: Observation[]): ObservationSink {
  return {
    message: (id) => void seen.push({ message: id }),
    toolCall: (toolCall) => void seen.push({ toolCall }),
    thought: (thought) => void seen.push({ thought }),
    usage: (usage) => void seen.push({ usage }),
  };
}
