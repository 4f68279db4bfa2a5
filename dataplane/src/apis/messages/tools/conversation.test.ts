import { describe, expect, test } from "vitest";
import type { ModelAnswer, NativePart } from "../../../../../sdk/src/testing/answer.ts";
import { text, thinking, toolCall } from "../../../../../sdk/src/testing/parts.ts";
import { streamedMessage } from "../../../../../test/support/client-answers/messages.ts";
import { type ServeTurnsOptions, serveTurns } from "../../../../../test/support/serve-turns.ts";
import type { CentralTool } from "../../tool-conversation.ts";
import { readRequest } from "../request.ts";
import { withTools } from "./conversation.ts";

const tools: readonly CentralTool[] = ["bmcp_wiki_read", "bmcp_wiki_find"].map((id) => ({
  id,
  description: `Runs ${id}.`,
  inputSchema: { type: "object" },
}));
const [read = "", find = ""] = tools.map(({ id }) => id);
const bash = { name: "Bash", input_schema: { type: "object" }, cache_control: { type: "ephemeral" } };
const base = {
  model: "claude-test",
  max_tokens: 100,
  messages: [{ role: "user", content: "Look." }],
  tools: [bash],
};

function begin(members: object) {
  return withTools(readRequest(Buffer.from(JSON.stringify({ ...base, ...members }))), tools);
}

function serve(
  members: { readonly stream?: boolean },
  answers: ServeTurnsOptions["answers"],
  options: Partial<ServeTurnsOptions> = {},
) {
  const conversation = begin(members);
  if (conversation === undefined) throw new Error("no tools went in");
  const served = serveTurns(conversation, { api: "messages", answers, ...options });
  return { ...served, message: members.stream ? streamedMessage(served.body) : JSON.parse(served.body) };
}

/** A block that the scripted provider does not know, or a member of one that it does not. */
const native = (block: Readonly<Record<string, unknown>>): NativePart => ({ type: "native", block });

const looked: ModelAnswer = {
  id: "msg_1",
  content: [
    thinking("Where?", { signature: "c2lnMQ==" }),
    text("Let me look."),
    toolCall(read, { page: "home" }, { id: "call_1" }),
  ],
  stop: "tool_use",
  usage: { input: 100, output: 20, cacheRead: 50 },
};
const said: ModelAnswer = {
  id: "msg_2",
  content: [thinking("There.", { signature: "c2lnMg==" }), text("It says: home.")],
  usage: { input: 150, output: 10, cacheRead: 90 },
};

describe.each([false, true])("stream: %s", (stream) => {
  test("the client sees one message, without the call and without thoughts that are bound to it", () => {
    const { message, ends, seen } = serve({ stream }, [looked, said]);
    expect(message).toMatchObject({ id: "msg_1", stop_reason: "end_turn" });
    expect(message.content).toMatchObject([
      { type: "thinking", thinking: "Where?", signature: "c2lnMQ==" },
      { type: "text", text: "Let me look." },
      { type: "text", text: "It says: home." },
    ]);
    expect(message.content).toHaveLength(3);
    expect(ends.map(({ next }) => next)).toEqual(["calls", "client"]);
    expect(seen).toContainEqual({ thought: expect.objectContaining({ content: "There." }) });
    expect(seen.some((one) => "toolCall" in one)).toBe(false);
  });

  test("usage is the output of all turns and the context of the last, with an entry for each", () => {
    const { message } = serve({ stream }, [looked, said]);
    expect(message.usage).toMatchObject({
      input_tokens: 150,
      cache_read_input_tokens: 90,
      output_tokens: 30,
      iterations: [
        { type: "message", input_tokens: 100, cache_read_input_tokens: 50, output_tokens: 20 },
        { type: "message", input_tokens: 150, cache_read_input_tokens: 90, output_tokens: 10 },
      ],
    });
  });

  test("an answer without a central call has the bytes it came with", () => {
    const { body, answers } = serve({ stream }, [said]);
    expect(body).toBe(answers[0]?.toString());
  });

  test("the next request has all that the model said, exactly, and then the results alone", () => {
    const caller = { type: "code_execution_20250825", tool_id: "srvtoolu_1" };
    const called = native({ type: "tool_use", id: "call_2", name: find, input: { q: "ü" }, caller });
    const first = { ...looked, content: [...(looked.content as []), called] };
    const result: ServeTurnsOptions["result"] = ({ callId }) => ({
      isError: callId === "call_2",
      parts: [
        { kind: "text", text: `result of ${callId}` },
        { kind: "image", mimeType: "image/png", data: "aGk=" },
      ],
    });
    const { requests } = serve({ stream }, [first, said], { result });
    const { messages, ...members } = requests[1];
    const { messages: before, ...membersBefore } = requests[0];
    expect(members).toEqual(membersBefore);
    expect(messages.slice(0, 1)).toEqual(before);
    expect(messages[1].role).toBe("assistant");
    expect(messages[1].content).toMatchObject([
      { type: "thinking", thinking: "Where?", signature: "c2lnMQ==" },
      { type: "text", text: "Let me look." },
      { type: "tool_use", id: "call_1", name: read, input: { page: "home" } },
      { type: "tool_use", id: "call_2", name: find, input: { q: "ü" }, caller },
    ]);
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } };
    expect(messages[2]).toEqual({
      role: "user",
      content: [
        {
          ...{ type: "tool_result", tool_use_id: "call_1", caller: { type: "direct" } },
          content: [{ type: "text", text: "result of call_1" }, image],
        },
        {
          ...{ type: "tool_result", tool_use_id: "call_2", is_error: true, caller },
          content: [{ type: "text", text: "result of call_2" }, image],
        },
      ],
    });
    expect(messages).toHaveLength(3);
  });

  test.each([1, 3, 10])("%i calls of one turn are answered in the model's order", (count) => {
    const calls = Array.from({ length: count }, (_, index) =>
      toolCall(read, { index }, { id: `call_${index}` }),
    );
    const { requests, message } = serve({ stream }, [{ content: calls, stop: "tool_use" }, said]);
    const results = requests[1].messages.at(-1).content;
    expect(results.map((one: { tool_use_id: string }) => one.tool_use_id)).toEqual(calls.map(({ id }) => id));
    expect(message.content).toMatchObject([{ text: "It says: home." }]);
  });

  test("of a turn with calls of both the client gets its own, numbered on, and no central one is run", () => {
    const own = toolCall("Bash", { command: "ls" }, { id: "call_own" });
    const mixed: ModelAnswer = {
      content: [toolCall(find, {}, { id: "call_2" }), own, text("Both.")],
      stop: "tool_use",
    };
    const { message, ends, seen } = serve({ stream }, [looked, mixed]);
    expect(message).toMatchObject({ id: "msg_1", stop_reason: "tool_use" });
    expect(message.content.slice(2)).toMatchObject([{ type: "tool_use", id: "call_own" }, { text: "Both." }]);
    expect(ends.at(-1)).toMatchObject({ next: "client", calls: [{ callId: "call_2" }] });
    expect(seen).toContainEqual({ toolCall: expect.objectContaining({ callId: "call_own" }) });
  });

  test("a call of a tool in a toolset is the client's, whatever its name", () => {
    const call = native({ type: "tool_use", id: "call_1", name: read, input: {}, toolset_name: "own" });
    const { message, ends } = serve({ stream }, [{ content: [call], stop: "tool_use" }]);
    expect(message.content).toMatchObject([{ type: "tool_use", id: "call_1" }]);
    expect(ends).toMatchObject([{ next: "client", calls: [] }]);
  });

  test("a pause behind a hidden call is gone on from, with nothing of the user's between", () => {
    const paused: ModelAnswer = { id: "msg_2", content: [text("Searching.")], stop: "pause" };
    const { message, requests, ends } = serve({ stream }, [looked, paused, said]);
    expect(ends.map(({ next }) => next)).toEqual(["calls", "resume", "client"]);
    const roles = requests[2].messages.map(({ role }: { role: string }) => role);
    expect(roles).toEqual(["user", "assistant", "user", "assistant"]);
    expect(requests[2].messages.at(-1).content).toEqual([{ type: "text", text: "Searching." }]);
    expect(message.stop_reason).toBe("end_turn");
  });

  test("a pause before any hidden call is the client's", () => {
    const { message, ends } = serve({ stream }, [{ content: "Searching.", stop: "pause" }]);
    expect(message.stop_reason).toBe("pause_turn");
    expect(ends).toMatchObject([{ next: "client" }]);
  });

  test.each([
    ["length", "max_tokens"],
    ["refusal", "refusal"],
    ["stop_sequence", "stop_sequence"],
    ["context_window", "model_context_window_exceeded"],
  ] as const)("an answer that stopped for its %s ends the loop, and says so", (stop, reason) => {
    const { message, ends } = serve({ stream }, [{ ...looked, stop }]);
    expect(ends).toMatchObject([{ next: "client", calls: [{ callId: "call_1" }] }]);
    expect(message.stop_reason).toBe(reason);
    expect(message.content).toHaveLength(2);
  });

  test("of calls before another model took over none is run", () => {
    const content = [
      toolCall(read, {}, { id: "call_1" }),
      native({ type: "fallback", model: "claude-other" }),
      toolCall(find, {}, { id: "call_2" }),
    ];
    const { ends } = serve({ stream }, [{ content, stop: "tool_use" }, said]);
    expect(ends[0]).toMatchObject({ next: "calls", calls: [{ callId: "call_2" }] });
  });

  test("a choice of any tool stays until the last turn, which forbids calls", () => {
    const members = { stream, tool_choice: { type: "any" } };
    const { requests, message } = serve(members, [looked, looked, looked], { maxTurns: 3 });
    expect(requests.map((request) => request.tool_choice)).toEqual([
      { type: "any" },
      { type: "any" },
      { type: "none" },
    ]);
    for (const request of requests) expect(request.tools).toEqual(requests[0].tools);
    expect(message.stop_reason).toBe("end_turn");
  });
});

test.each<[string, object, boolean]>([
  ["that may not call", { tool_choice: { type: "none" } }, false],
  ["that must call a tool of the client's", { tool_choice: { type: "tool", name: "Bash" } }, true],
  ["that warms a cache", { max_tokens: 0 }, true],
  ["without tools of its own", { tools: undefined }, true],
])("a request %s", (_case, members, injected) => {
  const body = begin(members)?.body.toString();
  expect(body?.includes(read) ?? false).toBe(injected);
});
