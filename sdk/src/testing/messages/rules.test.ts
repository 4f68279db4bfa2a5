import { expect, test } from "vitest";
import type { Part } from "../answer.ts";
import { text, thinking, toolCall } from "../parts.ts";
import { StrictRules } from "../strict.ts";

const user = { role: "user", content: "Hi" };
const assistant = (...content: object[]) => ({ role: "assistant", content });
const results = (...content: object[]) => ({ role: "user", content });
const use = (id: string) => ({ type: "tool_use", id, name: "f", input: {} });
const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "ok" });
const words = { type: "text", text: "Hello" };
const thought = { type: "thinking", thinking: "Hm.", signature: "c2lnbmF0dXJl" };
const binding = { thinking: { type: "adaptive", block_binding: { prefix_mismatch_behavior: "drop_block" } } };
const bindingBeta = { "anthropic-beta": "other-beta, thinking-binding-controls-2026-08-01" };
const threadBeta = { "anthropic-beta": "message-threads-2026-08-12" };

class Provider {
  readonly #rules = new StrictRules();

  refusal(members: object, headers = {}) {
    return this.#rules.refusal("messages", { members: { ...members }, headers })?.error;
  }

  // biome-ignore lint/suspicious/noExplicitAny: messages of many shapes
  ask(members: object, content: Part[], headers = {}): any {
    expect(this.refusal(members, headers)).toBeUndefined();
    return this.#rules.render("messages", { members: { ...members }, headers }, { content }).document?.();
  }
}

test.each<[string, object[]]>([
  ["a question", [user]],
  ["messages of one role in a row", [user, user, assistant(words), assistant(words), user]],
  [
    "a message of the system in between",
    [user, assistant(use("a")), { role: "system", content: "!" }, results(result("a"))],
  ],
  ["results before a text", [user, assistant(use("a"), use("b")), results(result("b"), result("a"), words)]],
  ["a turn that was begun for the model", [user, assistant(words)]],
  ["a thought that is bound to nothing", [user, assistant(thought, words), user]],
])("%s is taken", (_, messages) => {
  expect(new Provider().refusal({ messages })).toBeUndefined();
});

test.each<[string, object[], string]>([
  ["no message", [], "at least one message"],
  ["another role", [{ role: "tool", content: "x" }], "messages.0.role"],
  ["a beginning of the model's", [assistant(words), user], "first message"],
  ["empty content", [user, assistant(), user], "messages.1: all messages must have non-empty content"],
  ["an empty text", [results({ type: "text", text: "" })], "messages.0.content.0: text content blocks"],
  ["a call at the end", [user, assistant(use("a"))], "messages.1: `tool_use` ids were found without"],
  [
    "a call with one result of two",
    [user, assistant(use("a"), use("b")), results(result("a"))],
    "immediately after: b",
  ],
  [
    "a text before the result",
    [user, assistant(use("a")), results(words, result("a"))],
    "immediately after: a",
  ],
  ["a result without a call", [results(result("a"))], "messages.0.content.0: unexpected `tool_use_id`"],
  ["two results of a call", [user, assistant(use("a")), results(result("a"), result("a"))], "single result"],
  [
    "one id for two calls",
    [user, assistant(use("a")), results(result("a")), assistant(use("a")), results(result("a"))],
    "messages.3.content.0: `tool_use` ids must be unique",
  ],
  ["a thought at the end of a turn", [user, assistant(words, thought), user], "cannot be `thinking`"],
])("%s is refused", (_, messages, message) => {
  expect(new Provider().refusal({ messages })).toMatchObject({
    status: 400,
    message: expect.stringContaining(message),
  });
});

test("with a budget for thoughts, calls are gone on with behind the thought that came first", () => {
  const refusal = (...content: object[]) =>
    new Provider().refusal({
      thinking: { type: "enabled", budget_tokens: 1024 },
      messages: [
        user,
        assistant(...content),
        results(result("a")),
        assistant(use("b")),
        results(result("b")),
      ],
    });
  expect(refusal(thought, use("a"))).toBeUndefined();
  expect(refusal(use("a"))?.message).toContain("messages.1.content.0.type: Expected `thinking`");
});

test("a thought is taken back as long as everything before it is the same", () => {
  const provider = new Provider();
  const request = { system: "Be kind.", tools: [{ name: "f" }], messages: [user] };
  const { content } = provider.ask(request, [
    thinking("One"),
    toolCall("f", {}),
    thinking("Two"),
    text("So."),
  ]);
  const [first, call, second, said] = content;
  const again = (changes: object, headers = {}) =>
    provider.refusal(
      { ...request, messages: [user, assistant(first, call), results(result(call.id)), user], ...changes },
      headers,
    );
  expect(again({})).toBeUndefined();
  const cached = {
    role: "user",
    content: [{ cache_control: { type: "ephemeral" }, text: "Hi", type: "text" }],
  };
  expect(again({ messages: [cached, assistant(first, said), user] })).toBeUndefined();
  const mismatch = /^messages\.1\.content\.0: .*bound to a different conversation/;
  for (const changes of [
    { system: "Be rude." },
    { tools: [{ name: "f" }, { name: "g" }] },
    { system: undefined },
  ])
    expect(again(changes)?.message).toMatch(mismatch);
  expect(again({ messages: [user, user, assistant(first, said), user] })?.message).toContain(
    "messages.2.content.0",
  );
  expect(again({ messages: [user, assistant(first, second, said), user] })?.message).toContain(
    "messages.1.content.1",
  );
  const changed = { ...first, thinking: "Other" };
  expect(again({ messages: [user, assistant(changed, said), user] })?.message).toContain(
    "cannot be modified",
  );
});

test("thoughts of another conversation are dropped where request and header say so", () => {
  const provider = new Provider();
  const { content } = provider.ask({ messages: [user] }, [thinking("One"), text("So.")]);
  const request = { tools: [{ name: "new" }], messages: [user, assistant(...content), user] };
  expect(provider.refusal(request)?.message).toContain("`thinking-binding-controls-2026-08-01` in the");
  expect(provider.refusal({ ...request, ...binding })?.message).toBe(
    "thinking.adaptive.block_binding: Extra inputs are not permitted",
  );
  expect(provider.refusal(request, bindingBeta)?.message).toContain("bound to a different conversation");
  const answer = provider.ask({ ...request, ...binding }, [thinking("Two"), text("So.")], bindingBeta);
  expect(answer.input_transformations).toEqual([
    { type: "thinking_dropped", path: "messages.1.content.0", reason: "prefix_binding_mismatch" },
  ]);
  // The new thought is bound to what was sent, the dropped one included.
  const messages = [...request.messages, assistant(...answer.content), user];
  expect(provider.refusal({ ...request, ...binding, messages }, bindingBeta)).toBeUndefined();
  expect(provider.refusal({ ...request, messages: [user, ...messages.slice(3)] })?.message).toContain(
    "messages.1",
  );
});

test("a thread is gone on with once from each of its messages, and only where it is kept", () => {
  const provider = new Provider();
  const create = { thread: { type: "create" }, messages: [user] };
  expect(provider.refusal(create)?.message).toContain("thread: Extra inputs");
  const { id, content } = provider.ask(create, [thinking("Hm."), toolCall("f", {})], threadBeta);
  const goOn = (from: string, ...messages: object[]) => ({
    thread: { type: "continue", previous_message_id: from },
    messages,
  });
  const answer = results(result(content[1].id));
  expect(provider.refusal(goOn("msg_unknown", answer), threadBeta)).toMatchObject({
    status: 404,
    details: { error_code: "thread_not_found" },
  });
  expect(provider.refusal(goOn(id, user), threadBeta)?.message).toContain(
    "`tool_use` ids were found without",
  );
  const next = provider.ask(goOn(id, answer), [text("Done.")], threadBeta);
  expect(provider.refusal(goOn(id, answer), threadBeta)).toMatchObject({
    details: { error_code: "thread_already_continued" },
  });
  expect(provider.refusal(goOn(next.id, user), threadBeta)).toBeUndefined();
});
