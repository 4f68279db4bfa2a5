import type { ApiName } from "../../../dataplane/src/apis/api.ts";
import { apis } from "../../../dataplane/src/apis/index.ts";
import type {
  AnsweredCall,
  CentralCall,
  ToolConversation,
} from "../../../dataplane/src/apis/tool-conversation.ts";
import { GatewayError } from "../../../dataplane/src/errors/gateway-error.ts";
import type { NewRelay } from "../../../dataplane/src/loop/answer-relay.ts";
import type { Downstream } from "../../../dataplane/src/loop/downstream.ts";
import type { ExchangeEnd } from "../../../dataplane/src/loop/exchange.ts";
import { ToolLoop } from "../../../dataplane/src/loop/tool-loop.ts";
import { TurnRelay } from "../../../dataplane/src/loop/turn-relay.ts";

/** The chunks of one answer, as they come. */
export type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>;

export interface LoopOptions {
  /** What the provider answers turn by turn. One that has nothing more to say ends the exchange with `end`. */
  readonly answers: readonly Chunks[];
  /** Bodies of status 400 that come before any answer. @default none */
  readonly refusals?: readonly Buffer[];
  /** Whether the conversation is another after a refusal. @default as the API's own has it */
  readonly amend?: () => boolean;
  /** @default "messages" */
  readonly api?: ApiName;
  /** @default true */
  readonly stream?: boolean;
  /** Of the central tools. @default bmcp_wiki_read */
  readonly toolIds?: readonly string[];
  /** Each turn is over once this is. @default at once */
  readonly settled?: Promise<unknown>;
  /** @default an exchange that was completed */
  readonly end?: ExchangeEnd;
  /** Bytes that the request of a later turn may have. @default any number */
  readonly room?: number;
  /** When the calls of a turn are done. @default at once */
  readonly run?: () => Promise<unknown>;
}

export const completed: ExchangeEnd = {
  outcome: "completed",
  failure: undefined,
  upstreamError: undefined,
  answers: 1,
};

/** The client of a loop: what it got, and how its answer ended. */
export class LoopClient implements Downstream {
  started = false;
  gone = false;
  saturated = false;
  status: number | undefined;
  written = "";
  /** When each piece came, by performance.now(). */
  readonly writtenAt: number[] = [];
  ending: "ended" | "cut" | undefined;
  listener: Downstream["listener"];
  start(status: number): void {
    this.started = true;
    this.status = status;
  }
  flushHeaders(): void {}
  write(chunk: Buffer): void {
    this.writtenAt.push(performance.now());
    this.written += chunk.toString("latin1");
  }
  end(): void {
    this.ending = "ended";
  }
  cut(lastBytes: Buffer | undefined): void {
    this.written += lastBytes?.toString("latin1") ?? "";
    this.ending = "cut";
  }
}

export interface LoopUnderTest {
  readonly loop: ToolLoop;
  readonly client: LoopClient;
  /** In their order: calls left out and run, and ends about to go out. */
  readonly seen: readonly string[];
  /** Bytes that the requests of later turns held, one after the other. */
  readonly held: readonly number[];
  /** Answers that were not asked for yet. */
  readonly left: readonly Chunks[];
}

/** A tool loop between a provider and a client that are the test's own: no sockets. */
export function loopUnderTest(options: LoopOptions): LoopUnderTest {
  const { api = "messages", stream = true, room = Number.POSITIVE_INFINITY, end = completed } = options;
  const client = new LoopClient();
  const seen: string[] = [];
  const held: number[] = [];
  const left = [...options.answers];
  const refusals = [...(options.refusals ?? [])];
  const conversation = begin(api, stream, options.toolIds ?? ["bmcp_wiki_read"]);
  if (options.amend !== undefined) conversation.amend = options.amend;
  const note = (what: string, calls: readonly CentralCall[]) =>
    void seen.push(...calls.map(({ callId }) => `${what} ${callId}`));
  const form = { status: 200, streaming: stream, isError: false, keepEncoding: false, headers: {} };
  const refuse = async (body: Buffer, newRelay: NewRelay, downstream: Downstream): Promise<ExchangeEnd> => {
    downstream.start(400, []);
    const relay = newRelay({ ...form, status: 400, streaming: false, isError: true }, downstream, () => {});
    relay.data(body);
    const { error } = relay.finish(true);
    await options.settled;
    relay.release();
    return { ...completed, outcome: "failed", upstreamError: error };
  };
  const answer = async (newRelay: NewRelay, downstream: Downstream) => {
    const refusal = refusals.shift();
    if (refusal !== undefined) return await refuse(refusal, newRelay, downstream);
    const chunks = left.shift();
    if (chunks === undefined) return end;
    if (stream) downstream.start(200, []);
    const relay = newRelay(form, downstream, () => seen.push("terminal"));
    for await (const chunk of chunks) relay.data(chunk);
    relay.finish(true);
    await options.settled;
    if (relay.holding) downstream.start(200, []);
    relay.release();
    return completed;
  };
  const loop = new ToolLoop({
    conversation,
    downstream: client,
    provider: "scripted",
    maxTurns: 20,
    hold: (bytes) => {
      held.push(bytes);
      return bytes > room ? new GatewayError("overloaded", "no room") : undefined;
    },
    newRelay: (mayAmend) =>
      new TurnRelay({
        api: apis[api],
        conversation,
        mayAmend,
        observe: { hideUsage: false, usageOptional: false },
        sink: { message() {}, toolCall() {}, thought() {}, usage() {} },
        concealed: [],
        leftOut: (calls) => note("left out", calls),
      }),
    newExchange: (_body, relay, downstream) => ({
      run: () => answer(relay, downstream),
      abort: () => undefined,
    }),
    run: async (calls) => {
      note("run", calls);
      await options.run?.();
      return calls.map(answered);
    },
  });
  return { loop, client, seen, held, left };
}

function begin(api: ApiName, stream: boolean, toolIds: readonly string[]): ToolConversation {
  const said = [{ role: "user", content: "hi" }];
  const request = apis[api].readRequest(
    Buffer.from(
      JSON.stringify({ model: "m", stream, ...(api === "responses" ? { input: said } : { messages: said }) }),
    ),
  );
  const tools = toolIds.map((id) => ({ id, description: "", inputSchema: { type: "object" } }));
  const conversation = apis[api].withTools(request, tools, {});
  if (conversation === undefined) throw new Error("no tools went in");
  return conversation;
}

function answered(call: CentralCall): AnsweredCall {
  return { call, result: { isError: false, parts: [{ kind: "text", text: `result of ${call.callId}` }] } };
}
