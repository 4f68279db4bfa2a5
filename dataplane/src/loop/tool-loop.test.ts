import { expect, test } from "vitest";
import { apis } from "../apis/index.ts";
import type { CentralCall, ToolConversation } from "../apis/tool-conversation.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import { encodeEvent } from "../sse/encode.ts";
import type { NewRelay } from "./answer-relay.ts";
import type { Downstream } from "./downstream.ts";
import type { ExchangeEnd } from "./exchange.ts";
import { ToolLoop } from "./tool-loop.ts";
import { TurnRelay } from "./turn-relay.ts";

const api = apis.messages;
const streaming = { streaming: true, isError: false, keepEncoding: false, headers: {} };
const completed: ExchangeEnd = {
  outcome: "completed",
  failure: undefined,
  upstreamError: undefined,
  answers: 1,
};

function begin(): ToolConversation {
  const request = api.readRequest(Buffer.from('{"model":"m","messages":[{"role":"user","content":"hi"}]}'));
  const tool = { id: "bmcp_wiki_read", description: "", inputSchema: { type: "object" } };
  const conversation = api.withTools(request, [tool], {});
  if (conversation === undefined) throw new Error("no tools went in");
  return conversation;
}

/** A turn with calls of these tools. `deltas`: what its message_delta events say, one for each. */
function turn(tools: readonly string[], deltas: readonly object[] = [{ stop_reason: "tool_use" }]): Buffer {
  const events = [
    { type: "message_start", message: { id: "msg_1", usage: { input_tokens: 1 } } },
    ...tools.flatMap((name, index) => [
      {
        type: "content_block_start",
        index,
        content_block: { type: "tool_use", id: `call_${index}`, name, input: {} },
      },
      { type: "content_block_stop", index },
    ]),
    ...deltas.map((delta) => ({ type: "message_delta", delta, usage: { output_tokens: 1 } })),
    { type: "message_stop" },
  ];
  return Buffer.concat(events.map((event) => encodeEvent(JSON.stringify(event), event.type)));
}

class Client implements Downstream {
  started = false;
  gone = false;
  saturated = false;
  written = "";
  ending: "ended" | "cut" | undefined;
  onDrain: (() => void) | undefined;
  onGone: (() => void) | undefined;
  start(): void {
    this.started = true;
  }
  flushHeaders(): void {}
  write(chunk: Buffer): void {
    this.written += chunk.toString();
  }
  end(): void {
    this.ending = "ended";
  }
  cut(lastBytes: Buffer | undefined): void {
    this.written += lastBytes ?? "";
    this.ending = "cut";
  }
}

/** A loop whose turns are answered with these bytes; each is over once `settled` is. A turn without bytes ends as `end`. */
function newLoop(answers: readonly Buffer[], settled: Promise<unknown> = Promise.resolve(), end = completed) {
  const client = new Client();
  const conversation = begin();
  /** In their order: calls left out and run, and ends about to go out. */
  const seen: string[] = [];
  const note = (what: string) => (calls: readonly CentralCall[]) =>
    void seen.push(...calls.map(({ callId }) => `${what} ${callId}`));
  const sink = { message() {}, toolCall() {}, thought() {}, usage() {} };
  const left = [...answers];
  const answer = async (newRelay: NewRelay, downstream: Downstream) => {
    if (left.length === 0) return end;
    downstream.start(200, []);
    const relay = newRelay(streaming, downstream, () => seen.push("terminal"));
    relay.data(left.shift() ?? Buffer.alloc(0));
    relay.finish(true);
    await settled;
    relay.release();
    return completed;
  };
  const loop = new ToolLoop({
    conversation,
    downstream: client,
    provider: "anthropic",
    maxTurns: 20,
    newRelay: () =>
      new TurnRelay({
        api,
        conversation,
        observe: { hideUsage: false, usageOptional: false },
        sink,
        concealed: [],
        leftOut: note("left out"),
      }),
    newExchange: (_body, relay, downstream) => ({
      run: () => answer(relay, downstream),
      abort: () => undefined,
    }),
    run: async (calls) => {
      note("run")(calls);
      return calls.map((call) => ({
        call,
        result: { isError: false, parts: [{ kind: "text", text: "ok" }] },
      }));
    },
  });
  return { loop, client, seen, left };
}

const said = turn([], [{ stop_reason: "end_turn" }]);

test("a call left out is known before the end of its turn may go out, and once", async () => {
  const { loop, client, seen } = newLoop([turn(["bmcp_wiki_read", "Bash"])]);
  expect(await loop.run()).toEqual(completed);
  expect(seen).toEqual(["left out call_0", "terminal"]);
  expect(client.ending).toBe("ended");
});

test("an end that comes in two events is understood", async () => {
  const deltas = [{ stop_reason: "tool_use" }, {}];
  const { loop, client, seen } = newLoop([turn(["bmcp_wiki_read"], deltas), said]);
  expect(await loop.run()).toEqual({ ...completed, answers: 2 });
  expect(seen).toEqual(["run call_0", "terminal"]);
  expect(client.written.match(/"stop_reason":"\w+"/g)).toEqual(['"stop_reason":"end_turn"']);
});

test("a shutdown while the records of a turn are awaited ends the answer: no further turn begins", async () => {
  const records = Promise.withResolvers<void>();
  const { loop, client, left } = newLoop([turn(["bmcp_wiki_read"]), said], records.promise);
  const running = loop.run();
  loop.abort(new GatewayError("shutting_down", "The gateway is shutting down."));
  records.resolve();
  expect(await running).toMatchObject({ outcome: "failed", failure: { code: "shutting_down" } });
  expect(left).toEqual([said]);
  expect(client.ending).toBe("cut");
  expect(client.written).toContain("event: error");
});

test("an answer that was too long to be read is left to be told as an error, not ended as an empty one", async () => {
  const failure = new GatewayError("upstream_invalid_answer", "The answer cannot be read.");
  const unread: ExchangeEnd = { ...completed, outcome: "failed", failure };
  const { loop, client } = newLoop([], undefined, unread);
  expect(await loop.run()).toEqual(unread);
  expect(client).toMatchObject({ started: false, ending: undefined });
});
