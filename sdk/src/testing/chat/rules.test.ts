import { expect, test } from "vitest";
import { ChatRules } from "./rules.ts";

const user = { role: "user", content: "Hi" };
const calls = (...ids: string[]) => ({
  role: "assistant",
  content: null,
  tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })),
});
const result = (id: string) => ({ role: "tool", tool_call_id: id, content: "ok" });

function refusal(...messages: object[]) {
  return new ChatRules().refusal({ members: { messages }, headers: {} })?.error;
}

test.each<[string, object[]]>([
  ["a question", [user]],
  ["calls answered in another order", [user, calls("a", "b"), result("b"), result("a"), user]],
  ["one id in two turns", [user, calls("a"), result("a"), calls("a"), result("a")]],
  ["an answer of no words", [user, { role: "assistant", content: "" }, user]],
  ["an answer that is a refusal", [user, { role: "assistant", content: null, refusal: "No." }, user]],
])("%s is taken", (_, messages) => {
  expect(refusal(...messages)).toBeUndefined();
});

test.each<[string, object[], string]>([
  ["no message", [], "empty array"],
  ["a call without an answer", [user, calls("a")], "did not have response messages: a"],
  ["two calls with one answer", [user, calls("a", "b"), result("a"), user], "response messages: b"],
  ["an answer behind another message", [user, calls("a"), user, result("a")], "response messages: a"],
  ["an answer without a call", [user, result("a")], "must be a response to a preceeding message"],
  [
    "an answer to another call",
    [user, calls("a"), result("a"), result("b")],
    "'b' not found in 'tool_calls'",
  ],
  ["two answers to a call", [user, calls("a"), result("a"), result("a")], "Duplicate tool message"],
  ["two calls of one id", [user, calls("a", "a"), result("a")], "Duplicate id 'a'"],
  ["a turn of the model without content", [user, { role: "assistant", content: null }], "got null"],
])("%s is refused", (_, messages, message) => {
  expect(refusal(...messages)).toMatchObject({ status: 400, message: expect.stringContaining(message) });
});
