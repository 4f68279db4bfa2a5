import { expect, test } from "vitest";
import type { Part } from "../answer.ts";
import { text, thinking, toolCall } from "../parts.ts";
import { StrictRules } from "../strict.ts";

const user = { role: "user", content: "Hi" };
const said = { type: "message", role: "assistant", content: "Hello" };
const call = (id: string) => ({ type: "function_call", call_id: id, name: "f", arguments: "{}" });
const output = (id: string) => ({ type: "function_call_output", call_id: id, output: "ok" });
const thought = { type: "reasoning", summary: [], encrypted_content: "gAAAA" };

class Provider {
  readonly #rules = new StrictRules();

  refusal(members: object) {
    return this.#rules.refusal("responses", { members: { ...members }, headers: {} })?.error;
  }

  // biome-ignore lint/suspicious/noExplicitAny: responses of many shapes
  ask(members: object, id: string, ...content: Part[]): any {
    expect(this.refusal(members)).toBeUndefined();
    return this.#rules
      .render("responses", { members: { ...members }, headers: {} }, { id, content })
      .document?.();
  }
}

test.each<[string, unknown]>([
  ["a text", "Hi"],
  ["a call with its output", [user, call("a"), output("a"), user]],
  ["outputs in another order", [user, call("a"), call("b"), output("b"), output("a")]],
  ["reasoning before a message", [user, thought, said]],
  ["reasoning before a call", [user, thought, call("a"), output("a")]],
])("%s is taken", (_, input) => {
  expect(new Provider().refusal({ input })).toBeUndefined();
});

test.each<[string, object[], string]>([
  ["a call without output", [call("a")], "No tool output found for function call a."],
  ["an output before its call", [output("a"), call("a")], "No tool output found for function call a."],
  [
    "a custom call without output",
    [{ type: "custom_tool_call", call_id: "c" }],
    "No tool output found for custom tool call c.",
  ],
  ["an output without a call", [output("a")], "No tool call found for function call output with call_id a."],
  ["two outputs for a call", [call("a"), output("a"), output("a")], "Duplicate output"],
  ["two calls of one id", [call("a"), call("a"), output("a")], "Duplicate function call"],
  ["reasoning at the end", [user, thought], "without its required following item"],
  ["reasoning before the user", [thought, user], "without its required following item"],
  ["reasoning before other reasoning", [thought, thought, said], "without its required following item"],
  ["reasoning nobody kept", [{ type: "reasoning", id: "rs_1" }, said], "Item with id 'rs_1' not found"],
])("%s is refused", (_, input, message) => {
  expect(new Provider().refusal({ input })).toMatchObject({
    status: 400,
    message: expect.stringContaining(message),
  });
});

test("a stored response can be gone on from, with all it holds; one that is not stored cannot", () => {
  const provider = new Provider();
  provider.ask({ input: "Hi" }, "resp_1", toolCall("f", {}, { id: "a" }));
  provider.ask({ input: "Hi", store: false }, "resp_2", text("Hello"));
  const from = (id: string, ...input: object[]) => provider.refusal({ previous_response_id: id, input });
  expect(from("resp_1", output("a"))).toBeUndefined();
  expect(from("resp_1", user)).toMatchObject({ message: expect.stringContaining("function call a") });
  expect(from("resp_2", user)).toMatchObject({ code: "previous_response_not_found" });
  expect(
    provider.refusal({ previous_response_id: "resp_1", conversation: "conv_1", input: [] }),
  ).toMatchObject({
    code: "mutually_exclusive_parameters",
  });
});

test("a conversation grows by itself", () => {
  const provider = new Provider();
  const conversation = { id: "conv_1" };
  provider.ask({ conversation, input: "Hi" }, "resp_1", toolCall("f", {}, { id: "a" }));
  expect(provider.refusal({ conversation: "conv_1", input: "Go on" })?.message).toContain("function call a");
  provider.ask({ conversation, input: [output("a")] }, "resp_2", text("Done."));
  expect(provider.refusal({ conversation, input: "Go on" })).toBeUndefined();
});

test("reasoning of one answer may follow reasoning, and what it led to does not come without it", () => {
  const provider = new Provider();
  const asking = { input: "Hi", store: false, include: ["reasoning.encrypted_content"] };
  const [first, second, message] = provider.ask(
    asking,
    "r",
    thinking("One"),
    thinking("Two"),
    text("So."),
  ).output;
  const again = (...items: object[]) => provider.refusal({ ...asking, input: [user, ...items, user] });
  expect(again(first, second, message)).toBeUndefined();
  expect(again(second, message)).toBeUndefined();
  expect(again(second, first, message)?.message).toContain(`Item '${second.id}' of type 'reasoning'`);
  expect(again(message)?.message).toContain(`without its required 'reasoning' item: '${second.id}'`);
  const { encrypted_content: _, ...open } = second;
  expect(again(first, open, message)?.message).toContain("Items are not persisted");
});

test("reasoning does not lead to what another answer said", () => {
  const provider = new Provider();
  const asking = { input: "Hi", store: false, include: ["reasoning.encrypted_content"] };
  const [thought, callOfIt] = provider.ask(asking, "r_1", thinking("One"), toolCall("f", {})).output;
  const [message] = provider.ask(asking, "r_2", text("So.")).output;
  const again = (...items: object[]) => provider.refusal({ ...asking, input: [user, ...items, user] });
  expect(again(thought, callOfIt, output(callOfIt.call_id), message)).toBeUndefined();
  expect(again(thought, message)?.message).toContain(`Item '${thought.id}' of type 'reasoning'`);
});

test("encrypted reasoning comes where it is asked for alone", () => {
  const [item] = new Provider().ask(
    { input: "Hi" },
    "r",
    thinking("Hm.", { encryptedContent: "gAAAA" }),
  ).output;
  expect(item).not.toHaveProperty("encrypted_content");
});
