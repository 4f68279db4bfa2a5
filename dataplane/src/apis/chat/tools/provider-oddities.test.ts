import fc from "fast-check";
import { expect, test } from "vitest";
import { choice, chunk, delta, finish, messageId } from "../../../../../test/fixtures/chat/build.ts";
import { dataEvents } from "../../../../../test/fixtures/story.ts";
import {
  answerTurn,
  type RelayedTurn,
  relayTurn,
} from "../../../../../test/support/tool-turns/relay-turn.ts";
import type { ToolConversation } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";

const read = "bmcp_wiki_read";
const counts = { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29 };
const role = { role: "assistant", content: null };
const called = (id: string | undefined, name: string, args: unknown = "{}") => ({
  ...(id !== undefined && { id }),
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

function proceed(conversation: ToolConversation, { end }: RelayedTurn): void {
  const result = { isError: false, parts: [{ kind: "text" as const, text: "done" }] };
  conversation.proceed(
    end.calls.map((call) => ({ call, result })),
    false,
  );
}

const relay = (...chunks: (object | "[DONE]")[]) => relayTurn(begin(), [dataEvents(chunks)]);

/** What the client gets of a turn behind one with a central call. */
function relayLater(...chunks: (object | "[DONE]")[]): string {
  const conversation = begin();
  const first = [delta(role), delta({ tool_calls: [called("a", read)] }), finish("tool_calls"), "[DONE]"];
  proceed(conversation, relayTurn(conversation, [dataEvents(first as object[])]));
  return relayTurn(conversation, [dataEvents(chunks)]).out;
}

test("a whole turn in one chunk: what is not hidden of it goes out", () => {
  const turn = relay(
    chunk(
      [
        choice(
          { ...role, content: "Look.", tool_calls: [{ index: 0, ...called("a", read) }] },
          0,
          "tool_calls",
        ),
      ],
      {
        usage: counts,
      },
    ),
    "[DONE]",
  );
  expect(turn.out).toBe(dataEvents([chunk([choice({ ...role, content: "Look." })], { usage: null })]));
  expect(turn.end).toMatchObject({ next: "calls", calls: [{ callId: "a" }] });
});

test("calls that all have index 0 are told apart by their ids", () => {
  const turn = relay(
    delta({ tool_calls: [{ index: 0, ...called("a", read) }] }),
    delta({ tool_calls: [{ index: 0, ...called("b", "Bash") }] }),
    delta({ tool_calls: [{ index: 0, ...called("c", read) }] }),
    delta({ tool_calls: [{ index: 0, ...called("d", "Edit") }] }),
    finish("tool_calls"),
    "[DONE]",
  );
  expect(turn.out).toBe(
    dataEvents([
      delta({ tool_calls: [{ index: 0, ...called("b", "Bash") }] }),
      delta({ tool_calls: [{ index: 1, ...called("d", "Edit") }] }),
      finish("tool_calls"),
      "[DONE]",
    ]),
  );
  expect(turn.end.calls.map(({ callId }) => callId)).toEqual(["a", "c"]);
});

test("calls without index and id get an id, with which they are answered", () => {
  const conversation = begin();
  const turn = relayTurn(conversation, [
    dataEvents([
      delta({ tool_calls: [called(undefined, read), called("", read, "")] }),
      finish("stop"),
      "[DONE]",
    ]),
  ]);
  expect(turn.out).toBe("");
  expect(turn.end).toMatchObject({ next: "calls", calls: [{ input: "{}" }, { input: "" }] });
  proceed(conversation, turn);
  const [, assistant, ...results] = JSON.parse(conversation.body.toString()).messages;
  const ids = assistant.tool_calls.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(ids).toEqual(turn.end.calls.map(({ callId }) => callId));
  expect(results.map((message: { tool_call_id: string }) => message.tool_call_id)).toEqual(ids);
  expect(assistant.role).toBe("assistant");
});

test("a call whose name comes late is kept back until then", () => {
  const late = (name: string) => [
    delta({ tool_calls: [{ index: 0, id: "a", type: "function" }] }),
    delta({ tool_calls: [{ index: 0, function: { name, arguments: '{"a"' } }] }),
    delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
  ];
  expect(relay(...late(read)).out).toBe("");
  expect(relay(...late("Bash")).out).toBe(
    dataEvents([
      delta({
        tool_calls: [{ id: "a", type: "function", function: { name: "Bash", arguments: '{"a"' }, index: 0 }],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    ]),
  );
});

test("arguments that are no text are taken as they are", () => {
  const { end } = relay(
    delta({ tool_calls: [{ index: 0, ...called("a", read, { page: "x" }) }] }),
    finish("tool_calls"),
    "[DONE]",
  );
  expect(end.calls).toMatchObject([{ input: '{"page":"x"}' }]);
});

test("without [DONE] a turn is over when the stream ends", () => {
  const { end, out } = relay(
    delta({ tool_calls: [{ index: 0, ...called("a", read) }] }),
    finish("tool_calls"),
  );
  expect(end).toMatchObject({ complete: true, next: "calls" });
  expect(out).toBe("");
});

test("a call of the client's behind the end of the turn makes it the client's", () => {
  const turn = relay(
    delta(role),
    delta({ tool_calls: [{ index: 0, ...called("a", read) }] }),
    finish("tool_calls"),
    delta({ tool_calls: [{ index: 1, ...called("b", "Bash") }] }),
    "[DONE]",
  );
  expect(turn.end.next).toBe("client");
  const { object, choices: _, ...names } = chunk([]);
  const ending = { ...names, object, choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] };
  expect(turn.out).toBe(
    dataEvents([
      delta(role),
      delta({ tool_calls: [{ index: 0, ...called("b", "Bash") }] }),
      ending,
      "[DONE]",
    ]),
  );
});

test("a first chunk with an empty id names nothing", () => {
  const conversation = begin();
  const filter = { id: "", object: "", created: 0, model: "", choices: [], prompt_filter_results: [] };
  const turn = relayTurn(conversation, [
    dataEvents([filter, delta({ tool_calls: [called("a", read)] }), finish("tool_calls"), "[DONE]"]),
  ]);
  expect(turn.out).toBe(dataEvents([filter]));
  proceed(conversation, turn);
  const later = { ...delta({ role: "assistant", content: "Hi" }), id: "other", created: 2 };
  expect(relayTurn(conversation, [dataEvents([later, finish("stop"), "[DONE]"])]).out).toBe(
    dataEvents([delta({ role: "assistant", content: "Hi" }), finish("stop"), "[DONE]"]),
  );
});

test("names of later turns become the first turn's, and those that it did not have are left out", () => {
  const conversation = begin();
  const { system_fingerprint: _, ...bare } = delta({ ...role, tool_calls: [called("a", read)] });
  proceed(conversation, relayTurn(conversation, [dataEvents([bare, finish("tool_calls"), "[DONE]"])]));
  const later = { ...delta({ content: "Hi" }), id: "other", model: "other" };
  const { system_fingerprint: __, ...expected } = delta({ content: "Hi" });
  expect(relayTurn(conversation, [dataEvents([later])]).out).toBe(dataEvents([expected]));
  expect(expected.id).toBe(messageId);
});

test("a role in every chunk is taken out of later turns, and chunks that say nothing without it", () => {
  expect(
    relayLater(
      delta({ role: "assistant", content: "" }),
      delta({ role: "assistant", content: "Hi" }),
      delta({}),
    ),
  ).toBe(dataEvents([delta({ content: "Hi" }), delta({})]));
});

test("running usage counts the turns before", () => {
  const conversation = begin();
  const first = [
    delta({ ...role, tool_calls: [called("a", read)] }),
    chunk([choice({}, 0, "stop")], { usage: counts }),
  ];
  proceed(conversation, relayTurn(conversation, [dataEvents(first)]));
  const running = (completion_tokens: number, total_tokens: number) =>
    chunk([choice({ content: "x" })], { usage: { prompt_tokens: 30, completion_tokens, total_tokens } });
  expect(relayTurn(conversation, [dataEvents([running(1, 31), running(2, 32)])]).out).toBe(
    dataEvents([running(11, 41), running(12, 42)]),
  );
});

test("signed thoughts behind a hidden call are not shown, but go back to the provider", () => {
  const conversation = begin();
  const thought = (words: string) => ({
    reasoning_details: [{ type: "reasoning.text", text: words, format: "v1", index: 0 }],
  });
  const first = relayTurn(conversation, [
    dataEvents([
      delta({ ...role, ...thought("A") }),
      delta({ tool_calls: [called("a", read)] }),
      delta(thought("B")),
      finish("tool_calls"),
      "[DONE]",
    ]),
  ]);
  expect(first.out).toBe(dataEvents([delta({ ...role, ...thought("A") })]));
  proceed(conversation, first);
  const [, assistant] = JSON.parse(conversation.body.toString()).messages;
  expect(assistant.reasoning_details).toEqual(thought("AB").reasoning_details);
  expect(relayTurn(conversation, [dataEvents([delta({ ...thought("C"), content: "Hi" })])]).out).toBe(
    dataEvents([delta({ content: "Hi" })]),
  );
});

test("data of several lines stays one event", () => {
  const conversation = begin();
  const first = [delta({ ...role, tool_calls: [called("a", read)] }), finish("stop"), "[DONE]"];
  proceed(conversation, relayTurn(conversation, [dataEvents(first as object[])]));
  const lines = JSON.stringify({ ...delta({ content: "Hi" }), id: "other" }, null, 1).replaceAll(
    "\n",
    "\ndata: ",
  );
  const { out } = relayTurn(conversation, [`data: ${lines}\n\n`]);
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  expect(JSON.parse(out.slice("data: ".length))).toEqual(delta({ content: "Hi" }));
});

test("chunks that cannot be read, and other choices, pass in every turn", () => {
  const other = delta({ content: "Hi" }, 1);
  expect(relayLater(other)).toBe(dataEvents([other]));
  const conversation = begin();
  expect(relayTurn(conversation, ["data: {broken\n\n", "data: 5\n\n"]).out).toBe(
    "data: {broken\n\ndata: 5\n\n",
  );
});

test("whatever a provider sends, no turn throws", () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      [{ index: 0, id: "a", function: { name: read, arguments: "{}" } }],
      [null, { index: "x", function: 4 }, { custom: null, id: 5 }, []],
      { prompt_tokens: "1", completion_tokens: null, total_tokens: {} },
      "tool_calls",
    ),
  );
  const object = (...names: string[]) => fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 });
  const chunks = fc.record(
    {
      id: fc.constantFrom("", "x", null, 5),
      choices: fc.array(
        fc.record(
          {
            index: fc.constantFrom(0, 1, -1),
            delta: object("role", "content", "tool_calls", "reasoning_details"),
            message: object("role", "content", "tool_calls", "reasoning_details"),
            finish_reason: fc.constantFrom("stop", "tool_calls", null, 7),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
      usage: value,
      error: fc.option(value, { freq: 9, nil: undefined }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(chunks, { maxLength: 6 }), (list) => {
      const streamed = begin();
      const whole = begin();
      for (let turn = 0; turn < 2; turn++) {
        const { end, out } = relayTurn(streamed, [dataEvents(list)]);
        expect(
          out
            .split("\n\n")
            .slice(0, -1)
            .every((event) => event.startsWith("data: {")),
        ).toBe(true);
        if (end.next === "calls") proceed(streamed, { end, out, seen: [] });
        const answer = answerTurn(whole, JSON.stringify(list[turn] ?? 5));
        if (answer.end.next === "calls") proceed(whole, answer);
        JSON.parse(answer.out);
      }
      JSON.parse(streamed.body.toString());
      JSON.parse(whole.body.toString());
    }),
    { numRuns: 300 },
  );
});

test("texts that are no JSON go out as they came", () => {
  const conversation = begin();
  const first = [delta({ ...role, tool_calls: [called("a", read)] }), finish("stop"), "[DONE]"];
  proceed(conversation, relayTurn(conversation, [dataEvents(first as object[])]));
  const broken = 'data: {"id":"x","choices":[],"usage":{"completion_tokens":1,"total_tokens":"\\x"}}\n\n';
  expect(relayTurn(conversation, [broken]).out).toBe(broken);
  const whole = '{"id":"x","choices":[],"usage":{"total_tokens":"\\x"}}';
  expect(answerTurn(begin(), whole)).toMatchObject({ out: whole, end: { complete: false, next: "client" } });
});
