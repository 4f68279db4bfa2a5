import { expect, test } from "vitest";
import { chunk, completion, messageId } from "../../../../../test/fixtures/chat/build.ts";
import { chatStories } from "../../../../../test/fixtures/chat/stories.ts";
import { answerTurn } from "../../../../../test/support/tool-turns/relay-turn.ts";
import type { ToolConversation } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";

const read = "bmcp_wiki_read";
const called = (id: string, name: string, args = "{}") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});

function begin(): ToolConversation {
  const body = Buffer.from('{"model":"m","messages":[{"role":"user","content":"Hi"}]}');
  const tools = [{ id: read, description: "", inputSchema: { type: "object" } }];
  const conversation = withTools(readRequest(body), tools);
  if (conversation === undefined) throw new Error("got no tools");
  return conversation;
}

/** The last of several turns. */
function lastOf(...answers: string[]) {
  const conversation = begin();
  const turns = answers.map((answer) => {
    const turn = answerTurn(conversation, answer);
    const result = { isError: false, parts: [{ kind: "text" as const, text: "done" }] };
    if (turn.end.next === "calls")
      conversation.proceed(
        turn.end.calls.map((call) => ({ call, result })),
        false,
      );
    return turn;
  });
  const turn = turns.at(-1);
  if (turn === undefined) throw new Error("no turns");
  return { ...turn, sent: conversation.body.toString() };
}

const looking = completion(
  [{ content: "Look.", reasoning_content: "Hm.", annotations: [1], tool_calls: [called("a", read)] }],
  "tool_calls",
  { usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 } },
);

test.each(chatStories.filter((story) => story.answer !== undefined))(
  "an answer without central calls stays as it came: $name",
  (story) => {
    const turn = answerTurn(begin(), story.answer ?? "");
    expect(turn.out).toBe(story.answer);
    expect(turn.seen).toEqual(story.expectedOfAnswer ?? story.expected);
    expect(turn.end).toMatchObject({ next: "client", calls: [] });
  },
);

test("the message goes back to the provider as it came, with the results behind it", () => {
  const message =
    '{ "content":"\\u00e9", "x":1.0,"tool_calls":[{"id":"a","function":{"name":"bmcp_wiki_read"}}] }';
  const answer = `{"id":"m1","choices":[{"message":${message},"finish_reason":"tool_calls"}]}`;
  expect(lastOf(answer).sent).toContain(
    `[{"role":"user","content":"Hi"},${message},{"role":"tool","tool_call_id":"a","content":"done"}]`,
  );
});

test("the client gets one answer: the names of the first turn, the texts of all, the input of the last", () => {
  const saying = JSON.stringify({
    ...chunk([
      {
        index: 0,
        message: { role: "assistant", content: "Done.", reasoning_content: "Ah.", annotations: [2] },
        finish_reason: "stop",
      },
    ]),
    id: "other",
    created: 2,
    model: "other",
    system_fingerprint: "other",
    service_tier: "flex",
    usage: { prompt_tokens: 150, completion_tokens: 10, total_tokens: 160 },
  });
  const { out, end } = lastOf(looking, saying);
  expect(end).toMatchObject({ next: "client", complete: true, calls: [] });
  expect(JSON.parse(out)).toEqual({
    ...chunk([
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Look.Done.",
          refusal: null,
          reasoning_content: "Hm.Ah.",
          annotations: [1, 2],
        },
        finish_reason: "stop",
      },
    ]),
    service_tier: "flex",
    usage: { prompt_tokens: 150, completion_tokens: 30, total_tokens: 180 },
  });
});

test("in a turn with calls of both the client gets its own", () => {
  const calls = [called("a", read), called("b", "Bash", '{"x":1}'), called("c", read)];
  const mixed = completion([{ tool_calls: calls }], "tool_calls");
  const { out, end, seen } = lastOf(mixed);
  expect(out).toBe(completion([{ tool_calls: [calls[1] as object] }], "tool_calls"));
  expect(end).toMatchObject({ next: "client", calls: [{ callId: "a" }, { callId: "c" }] });
  expect(seen).toMatchObject([{ message: messageId }, { toolCall: { callId: "b" } }, { usage: {} }]);
  expect(JSON.parse(lastOf(looking, mixed).out).choices[0].message.tool_calls).toEqual([calls[1]]);
});

test("calls without ids, or with the same ones, are each answered", () => {
  const nameless = completion([{ tool_calls: [called("", read), called("", read, '{"x":1}')] }], "stop");
  const { end, sent } = lastOf(nameless);
  expect(end.calls.map(({ input }) => input)).toEqual(["{}", '{"x":1}']);
  const [, assistant, ...results] = JSON.parse(sent).messages;
  expect(results.map((message: { tool_call_id: string }) => message.tool_call_id)).toEqual(
    assistant.tool_calls.map(({ id }: { id: string }) => id),
  );
  const same = completion([{ tool_calls: [called("a", read), called("a", read)] }], "tool_calls");
  expect(lastOf(same).end.calls).toHaveLength(2);
});

test("a last turn that calls all the same has nothing that the client must answer", () => {
  const conversation = begin();
  const first = answerTurn(conversation, looking);
  const result = { isError: false, parts: [{ kind: "text" as const, text: "done" }] };
  conversation.proceed(
    first.end.calls.map((call) => ({ call, result })),
    true,
  );
  const { out, end } = answerTurn(conversation, looking);
  expect(end).toMatchObject({ next: "client", calls: [{ callId: "a" }] });
  const [choice] = JSON.parse(out).choices;
  expect(choice.finish_reason).toBe("stop");
  expect(choice.message).not.toHaveProperty("tool_calls");
});

test.each([
  "",
  "5",
  "{}",
  '{"choices":[]}',
  '{"choices":[5,{}],"error":{"message":"no"}}',
  '{"id":"x","choices":"x"}',
])("what is no answer stays as it came: %s", (body) => {
  const turn = answerTurn(begin(), body);
  expect(turn.out).toBe(body);
  expect(turn.end).toMatchObject({ next: "client", calls: [] });
});
