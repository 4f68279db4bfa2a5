import { renderAnswer, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { describe, expect, test } from "vitest";
import type { ModelAnswer } from "../../../../../sdk/src/testing/answer.ts";
import { eventsOf } from "../../../../../sdk/src/testing/read-events.ts";
import { delta, finish } from "../../../../../test/fixtures/chat/build.ts";
import { chatStories } from "../../../../../test/fixtures/chat/stories.ts";
import { dataEvents } from "../../../../../test/fixtures/story.ts";
import { readChunks } from "../../../../../test/support/client-answers/chat.ts";
import { relayTurn } from "../../../../../test/support/tool-turns/relay-turn.ts";
import { GatewayError } from "../../../errors/gateway-error.ts";
import type { AnsweredCall, CentralCall, ToolConversation } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";

const read = "bmcp_wiki_read";
const request = {
  model: "m",
  messages: [{ role: "user", content: "Hi" }],
  stream: true,
  stream_options: { include_usage: true },
};

function begin(members: object = {}): ToolConversation {
  const body = Buffer.from(JSON.stringify({ ...request, ...members }));
  const tools = [{ id: read, description: "Reads.", inputSchema: { type: "object" } }];
  const conversation = withTools(readRequest(body), tools);
  if (conversation === undefined) throw new Error("got no tools");
  return conversation;
}

const sent = (conversation: ToolConversation) => JSON.parse(conversation.body.toString());
const stream = (answer: ModelAnswer) => renderAnswer("chat", answer, request).body;
const answered = (calls: readonly CentralCall[]): AnsweredCall[] =>
  calls.map((call) => ({
    call,
    result: { isError: false, parts: [{ kind: "text", text: `result of ${call.callId}` }] },
  }));
const toolDelta = (...calls: object[]) => delta({ tool_calls: calls });
const call = (id: string, name: string, args: string, index?: number) => ({
  ...(index !== undefined && { index }),
  id,
  type: "function",
  function: { name, arguments: args },
});

/** Relays turns until one is the client's; returns all that the client got. */
function relayAll(conversation: ToolConversation, ...turns: (readonly (Buffer | string)[])[]): string {
  let out = "";
  for (const chunks of turns) {
    const turn = relayTurn(conversation, chunks);
    out += turn.out;
    if (turn.end.next === "calls") conversation.proceed(answered(turn.end.calls), false);
  }
  return out;
}

const looking: ModelAnswer = {
  id: "turn_1",
  content: [thinking("Hm."), text("Let me look."), toolCall(read, { page: "home" }, { id: "call_1" })],
  usage: { input: 100, output: 20, reasoning: 4 },
};
const saying: ModelAnswer = {
  id: "turn_2",
  model: "m-2",
  content: [thinking("Ah."), text("It says: home.")],
  usage: { input: 150, output: 10, reasoning: 1 },
};

describe("a turn without central calls", () => {
  test.each(chatStories.filter((story) => story.stream !== undefined))(
    "goes out as it came: $name",
    (story) => {
      const bytes = Buffer.from(story.stream ?? "");
      const options = {
        hideUsage: story.visibleStream !== undefined,
        usageOptional: story.usageOptional ?? false,
      };
      for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.of(byte))]) {
        const turn = relayTurn(begin(), chunks, options);
        expect(turn.out).toBe(story.visibleStream ?? story.stream);
        expect(turn.seen).toEqual(story.expected);
        expect(turn.end).toEqual({
          complete: story.complete ?? true,
          error: story.error,
          next: "client",
          calls: [],
        });
      }
    },
  );
});

describe("a central call", () => {
  test("is hidden, and the client sees one answer of two turns", () => {
    expect(readChunks(relayAll(begin(), stream(looking), stream(saying)))).toEqual({
      id: "turn_1",
      texts: ["Let me look.It says: home."],
      thoughts: ["Hm.Ah."],
      calls: [],
      stop: "stop",
      usage: { input: 150, output: 30 },
    });
  });

  test("leaves the bytes before it as they came", () => {
    const chunks = stream(looking);
    const first = chunks.findIndex((event) => event.includes("tool_calls"));
    expect(relayTurn(begin(), chunks).out).toBe(Buffer.concat(chunks.slice(0, first)).toString());
  });

  test("is told to the loop, and not to the records", () => {
    const { end, seen } = relayTurn(begin(), stream(looking));
    expect(end).toEqual({
      complete: true,
      error: undefined,
      next: "calls",
      calls: [{ messageId: "turn_1", callId: "call_1", toolId: read, input: '{"page":"home"}' }],
    });
    expect(seen).toMatchObject([
      { message: "turn_1" },
      { thought: { content: "Hm." } },
      { usage: { outputTokens: 20 } },
    ]);
  });

  test("is answered with the whole message before it", () => {
    const conversation = begin({ temperature: 1 });
    relayAll(conversation, stream(looking));
    const { messages, ...rest } = sent(conversation);
    expect(messages).toEqual([
      ...request.messages,
      {
        role: "assistant",
        content: "Let me look.",
        refusal: null,
        reasoning_content: "Hm.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: read, arguments: '{"page":"home"}' } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "result of call_1" },
    ]);
    expect(rest).toEqual({
      ...request,
      messages: undefined,
      temperature: 1,
      tools: [
        {
          type: "function",
          function: { name: read, description: "Reads.", parameters: { type: "object" } },
        },
      ],
    });
  });

  test("that failed is answered with why, and with notices of what is no text", () => {
    const conversation = begin();
    const [first] = relayTurn(conversation, stream(looking)).end.calls;
    if (first === undefined) throw new Error("no call");
    conversation.proceed(
      [
        {
          call: first,
          result: {
            isError: true,
            parts: [
              { kind: "text", text: "no such page" },
              { kind: "image", mimeType: "image/png", data: "iVBO" },
            ],
          },
        },
      ],
      false,
    );
    expect(sent(conversation).messages.at(-1).content).toBe(
      "Error: no such page\n[an image of type image/png, which cannot be shown here]",
    );
  });

  test("of a turn before stays in the request of every turn behind it", () => {
    const conversation = begin();
    relayAll(conversation, stream(looking), stream({ ...looking, id: "turn_2" }), stream(saying));
    expect(sent(conversation).messages.map(({ role }: { role: string }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
    ]);
  });
});

test.each([1, 3, 10])("%d calls at once, their deltas mixed up, are told in the model's order", (count) => {
  const ids = Array.from({ length: count }, (_, index) => `call_${index}`);
  const opening = ids.map((id, index) => toolDelta(call(id, read, "", index)));
  const pieces = ['{"page":', '"x"', "}"].flatMap((piece) =>
    ids.map((_, index) => toolDelta({ index, function: { arguments: piece } })).reverse(),
  );
  const conversation = begin();
  const turn = relayTurn(conversation, [
    dataEvents([
      delta({ role: "assistant", content: null }),
      ...opening,
      ...pieces,
      finish("tool_calls"),
      "[DONE]",
    ]),
  ]);
  expect(turn.out).toBe(dataEvents([delta({ role: "assistant", content: null })]));
  expect(turn.end.calls.map(({ callId, input }) => [callId, input])).toEqual(
    ids.map((id) => [id, '{"page":"x"}']),
  );
  conversation.proceed(answered(turn.end.calls), false);
  const [, assistant, ...results] = sent(conversation).messages;
  expect(assistant.tool_calls.map(({ id }: { id: string }) => id)).toEqual(ids);
  expect(results.map((message: { tool_call_id: string }) => message.tool_call_id)).toEqual(ids);
});

describe("a turn with calls of both", () => {
  const mixed = dataEvents([
    delta({ role: "assistant", content: null }),
    toolDelta(call("a", "Bash", "", 0)),
    toolDelta(call("b", read, "", 1)),
    toolDelta({ index: 0, function: { arguments: "{}" } }, { index: 1, function: { arguments: "{}" } }),
    toolDelta(call("c", "Edit", "", 2)),
    toolDelta({ index: 2, function: { arguments: "{}" } }),
    toolDelta({ index: 3, id: "d", type: "custom", custom: { name: read, input: "x" } }),
    finish("tool_calls"),
    "[DONE]",
  ]);

  test("is the client's, who sees its own calls alone, numbered on", () => {
    const turn = relayTurn(begin(), [mixed]);
    expect(turn.out).toBe(
      dataEvents([
        delta({ role: "assistant", content: null }),
        toolDelta(call("a", "Bash", "", 0)),
        toolDelta({ index: 0, function: { arguments: "{}" } }),
        toolDelta(call("c", "Edit", "", 1)),
        toolDelta({ index: 1, function: { arguments: "{}" } }),
        toolDelta({ index: 2, id: "d", type: "custom", custom: { name: read, input: "x" } }),
        finish("tool_calls"),
        "[DONE]",
      ]),
    );
    expect(turn.end).toMatchObject({ next: "client", calls: [{ callId: "b" }] });
  });

  test("may follow turns with central calls alone", () => {
    const last = {
      ...saying,
      content: [toolCall(read, {}, { id: "x" }), toolCall("Bash", { a: 1 }, { id: "y" })],
    };
    expect(readChunks(relayAll(begin(), stream(looking), stream(last)))).toMatchObject({
      id: "turn_1",
      calls: [{ id: "y", name: "Bash", input: '{"a":1}' }],
      stop: "tool_calls",
    });
  });
});

test("the turn that the limit makes the last one forbids calls, and is the client's whatever it does", () => {
  const conversation = begin({ tool_choice: "auto" });
  const first = relayTurn(conversation, stream(looking));
  conversation.proceed(answered(first.end.calls), true);
  expect(sent(conversation).tool_choice).toBe("none");
  const last = relayTurn(conversation, stream({ ...looking, id: "turn_2" }));
  expect(last.end).toMatchObject({ next: "client", calls: [{ callId: "call_1" }] });
  expect(readChunks(first.out + last.out)).toMatchObject({ calls: [], stop: "stop" });
});

test("calls of an answer that was cut off by its length are not run", () => {
  const turn = relayTurn(begin(), stream({ ...looking, stop: "length" }));
  expect(turn.end).toMatchObject({ next: "client", calls: [{ callId: "call_1" }] });
  expect(readChunks(turn.out)).toMatchObject({ calls: [], stop: "length" });
});

describe("usage", () => {
  test("that only the gateway asked for is shown in no turn", () => {
    const conversation = begin();
    const first = relayTurn(conversation, stream(looking), { hideUsage: true });
    conversation.proceed(answered(first.end.calls), false);
    const last = relayTurn(conversation, stream(saying), { hideUsage: true });
    expect(eventsOf({ body: [Buffer.from(first.out + last.out)] }).filter(({ usage }) => usage)).toEqual([]);
    expect([first, last].map(({ seen }) => seen.at(-1))).toMatchObject([
      { usage: { inputTokens: 100, outputTokens: 20 } },
      { usage: { inputTokens: 150, outputTokens: 10 } },
    ]);
  });

  test("beside the choices is summed too", () => {
    const beside = { chat: { usagePlacement: "beside-choices" } } as const;
    const out = relayAll(begin(), stream({ ...looking, ...beside }), stream({ ...saying, ...beside }));
    const { usage } = readChunks(out);
    expect(usage).toEqual({ input: 150, output: 30 });
    expect(out).toContain('"completion_tokens_details":{"reasoning_tokens":5,');
  });
});

test("an error in a later turn is relayed as it came", () => {
  const conversation = begin();
  relayAll(conversation, stream(looking));
  const error = { error: { message: "broken", type: "server_error", param: null, code: null } };
  const turn = relayTurn(conversation, [dataEvents([toolDelta(call("x", read, "{}", 0)), error, "[DONE]"])]);
  expect(turn.out).toBe(dataEvents([error, "[DONE]"]));
  expect(turn.end).toMatchObject({ next: "client", error: { type: "server_error" } });
});

test("comments pass in every turn", () => {
  const conversation = begin();
  relayAll(conversation, stream(looking));
  expect(relayTurn(conversation, [": working\n\n", dataEvents([finish("stop"), "[DONE]"])]).out).toContain(
    ": working\n\n",
  );
});

test("any chunking gives the same bytes", () => {
  const turns = [looking, saying].map((answer) => Buffer.concat(stream(answer)));
  // The time of the answer is part of it.
  const whole = relayAll(begin(), ...turns.map((bytes) => [bytes]));
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = turns;
  for (let at = 1; at < Math.max(first.length, second.length); at += 1) {
    const cut = [first, second].map((bytes) => [bytes.subarray(0, at), bytes.subarray(at)]);
    expect(relayAll(begin(), ...cut)).toBe(whole);
  }
});

describe("keep-alives", () => {
  test("bear the names of the answer under way", () => {
    const conversation = begin();
    expect(conversation.keepAlive()).toBeUndefined();
    const { out } = relayTurn(conversation, stream(looking));
    conversation.proceed([], false);
    relayTurn(conversation, stream(saying));
    const alive = conversation.keepAlive()?.toString() ?? "";
    const [first] = eventsOf({ body: [Buffer.from(out)] });
    expect(eventsOf({ body: [Buffer.from(alive)] })).toEqual([
      {
        id: "turn_1",
        object: "chat.completion.chunk",
        created: first.created,
        model: "m",
        system_fingerprint: "fp_scripted",
        choices: [{ index: 0, delta: {}, finish_reason: null }],
      },
    ]);
  });

  test("an error after bytes went out has the API's form", () => {
    const error = new GatewayError("upstream_truncated", "ended early");
    expect(begin().errorEvent(error).toString()).toMatch(/^data: \{"error":\{"message":"ended early"/);
  });
});

test("a request that takes no tools has no conversation", () => {
  expect(withTools(readRequest(Buffer.from(JSON.stringify({ ...request, n: 2 }))), [])).toBeUndefined();
});
