import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApiName, RequestFacts } from "./api.ts";
import { apis } from "./index.ts";

const read = (api: ApiName, body: object | string): RequestFacts =>
  apis[api].readRequest(
    Buffer.from(typeof body === "string" ? body : JSON.stringify({ model: "m", ...body })),
  ).facts;

const user = (content: unknown) => ({ role: "user", content });
const text = (value: string) => ({ type: "text", text: value });
const inputText = (value: string) => ({ type: "input_text", text: value });
const toolResult = (id: unknown) => ({ type: "tool_result", tool_use_id: id, content: "42" });
const reminder = "<system-reminder>\nToday is Monday.\n</system-reminder>";
const system = { role: "system", content: "Be brief." };
const assistant = { role: "assistant", content: "Hello." };

describe.each(Object.keys(apis) as ApiName[])("%s", (api) => {
  test("reads model and stream", () => {
    expect(read(api, '{"model":"a\\u0062","stream":true}')).toMatchObject({ model: "ab", streaming: true });
    expect(read(api, '{"model":"a","model":"b"}')).toMatchObject({ model: "b", streaming: false });
  });

  test.each(['"true"', "1", "null", "false"])("stream: %s asks for no stream", (value) => {
    expect(read(api, `{"model":"m","stream":${value}}`).streaming).toBe(false);
  });

  test.each(["{}", '{"model":5}', '{"model":null}', '{"model":""}', '{"model":["m"]}', '{"model":"\\x"}'])(
    "%s names no model",
    (body) =>
      expect(() => read(api, body)).toThrow(expect.objectContaining({ code: "model_required", status: 400 })),
  );

  test.each(["", "[]", "null", '"model"', '{"model":"m"', '{"model":"m"}}', '\uFEFF{"model":"m"}'])(
    "%j is no readable object",
    (body) =>
      expect(() => read(api, body)).toThrow(expect.objectContaining({ code: "invalid_json", status: 400 })),
  );

  test("the error names the place and repeats nothing of the body", () => {
    expect(() => read(api, '{"model":secret}')).toThrow(
      "The request body must be one JSON object in UTF-8: expected a value at byte 9.",
    );
  });

  test.each([
    {},
    { messages: 5, input: 5 },
    { messages: null, input: null },
    { messages: {}, input: {} },
    { messages: [], input: [] },
  ])("%j has no prompt and is no error", (body) =>
    expect(read(api, body)).toMatchObject({ prompt: undefined, correlatingToolCallId: undefined }),
  );

  test("takes any turns", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (turns) => {
        expect(read(api, { messages: turns, input: turns }).model).toBe("m");
      }),
    );
  });

  test("keeps the bytes", () => {
    const bytes = Buffer.from('{ "model":"m", "temperature": 1.0 }');
    expect(apis[api].readRequest(bytes).bytes).toBe(bytes);
  });
});

describe("prompts of messages", () => {
  test.each<[string, unknown[], string | undefined]>([
    ["a string", [user("Hi")], "Hi"],
    ["the last turn", [user("First"), assistant, user("Second")], "Second"],
    ["text parts", [user([text("One"), { type: "image", source: {} }, text("Two")])], "One\nTwo"],
    ["trailing system messages skipped", [user("Hi"), system, system], "Hi"],
    ["injected context left out", [user([text(reminder), text("Hi"), text(` ${reminder}\n`)])], "Hi"],
    ["injected context if nothing else is left", [user([text(reminder)])], reminder],
    ["a reminder with text behind it", [user(`${reminder} Hi`)], `${reminder} Hi`],
    ["text beside tool results", [user([toolResult("a"), text("And now?")])], "And now?"],
    ["tool results alone", [user("Hi"), assistant, user([toolResult("a")])], undefined],
    ["tool results with injected context", [user([toolResult("a"), text(reminder)])], undefined],
    ["the assistant's turn last", [user("Hi"), assistant], undefined],
    ["an image alone", [user([{ type: "image", source: {} }])], undefined],
    ["an empty text", [user("")], undefined],
    ["parts of the wrong kinds", [user([null, 5, { type: "text" }, text("Hi")])], "Hi"],
    ["system messages alone", [system], undefined],
  ])("%s", (_, messages, prompt) => {
    expect(read("messages", { messages }).prompt).toBe(prompt);
  });
});

describe("prompts of chat", () => {
  test.each<[string, unknown[], string | undefined]>([
    ["a string", [system, user("Hi")], "Hi"],
    ["text parts", [user([text("One"), { type: "image_url", image_url: {} }, text("Two")])], "One\nTwo"],
    ["trailing instructions skipped", [user("Hi"), system, { role: "developer", content: "x" }], "Hi"],
    [
      "a tool's result last",
      [user("Hi"), assistant, { role: "tool", tool_call_id: "a", content: "42" }],
      undefined,
    ],
    ["the assistant's turn last", [user("Hi"), assistant], undefined],
    ["injected context left out", [user([text(reminder), text("Hi")])], "Hi"],
  ])("%s", (_, messages, prompt) => {
    expect(read("chat", { messages }).prompt).toBe(prompt);
  });
});

describe("prompts of responses", () => {
  const output = { type: "function_call_output", call_id: "a", output: "42" };
  test.each<[string, unknown, string | undefined]>([
    ["a string", "Hi", "Hi"],
    ["an item without a type", [user("Hi")], "Hi"],
    [
      "parts of an item",
      [{ type: "message", ...user([inputText("One"), { type: "input_image" }, inputText("Two")]) }],
      "One\nTwo",
    ],
    [
      "trailing instructions skipped",
      [user("Hi"), { type: "message", role: "developer", content: "x" }, system],
      "Hi",
    ],
    ["a tool's result last", [user("Hi"), output], undefined],
    [
      "a custom tool's result last",
      [user("Hi"), { type: "custom_tool_call_output", call_id: "a", output: "" }],
      undefined,
    ],
    [
      "a call last",
      [user("Hi"), { type: "function_call", call_id: "a", name: "f", arguments: "{}" }],
      undefined,
    ],
    ["the user again after a result", [output, user("Go on")], "Go on"],
    ["injected context left out", [user([inputText(reminder), inputText("Hi")])], "Hi"],
    ["an empty string", "", undefined],
  ])("%s", (_, input, prompt) => {
    expect(read("responses", { input }).prompt).toBe(prompt);
  });

  test("a warm-up has none", () => {
    expect(read("responses", { input: "Hi", generate: false })).toMatchObject({
      prompt: undefined,
      warmUp: true,
    });
    expect(read("responses", { input: "Hi", generate: 0 })).toMatchObject({ prompt: "Hi", warmUp: false });
  });
});

describe("the last tool result", () => {
  const call = (id: string) => ({
    role: "assistant",
    content: [{ type: "tool_use", id, name: "f", input: {} }],
  });
  test.each<[string, unknown[], string | undefined]>([
    ["in the last turn", [user("Hi"), call("a"), user([toolResult("a"), toolResult("b"), text("x")])], "b"],
    ["in an earlier turn", [call("a"), user([toolResult("a")]), assistant, user("Thanks")], "a"],
    [
      "behind a text that only mentions it",
      [user([toolResult("a")]), user([text("tool_result"), text('"tool_result"')])],
      "a",
    ],
    ["without an id", [user([toolResult("a")]), user([toolResult(5)])], "a"],
    ["none", [user("Hi")], undefined],
    ["not the server's own", [{ role: "assistant", content: [toolResult("a")] }], undefined],
  ])("of messages, %s", (_, messages, id) => {
    expect(read("messages", { messages, tools: [{ enum: ["tool_result"] }] }).correlatingToolCallId).toBe(id);
  });

  test("of chat", () => {
    const tool = (id: string) => ({ role: "tool", tool_call_id: id, content: "42" });
    expect(
      read("chat", { messages: [user("Hi"), tool("a"), tool("b"), user("x")] }).correlatingToolCallId,
    ).toBe("b");
    expect(
      read("chat", { messages: [user("Hi"), { ...tool("a"), role: "user" }] }).correlatingToolCallId,
    ).toBeUndefined();
  });

  test.each<[object, string]>([
    [{ type: "function_call_output", call_id: "a", output: "" }, "a"],
    [{ type: "custom_tool_call_output", call_id: "b", output: "" }, "b"],
    [{ type: "local_shell_call_output", id: "c", output: "" }, "c"],
    [{ type: "shell_call_output", call_id: "d", output: [] }, "d"],
  ])("of responses: %j", (item, id) => {
    const input = [{ type: "function_call_output", call_id: "before", output: "" }, item, user("x")];
    expect(read("responses", { input }).correlatingToolCallId).toBe(id);
  });
});

test("metadata.user_id is read for messages", () => {
  expect(read("messages", { metadata: { user_id: "u_session_1" } }).metadataUserId).toBe("u_session_1");
  expect(read("messages", { metadata: { user_id: 5 } }).metadataUserId).toBeUndefined();
  expect(read("messages", { metadata: "u" }).metadataUserId).toBeUndefined();
});

test("background responses are stored state", () => {
  expect(read("responses", { background: true }).storedState).toBe(true);
  expect(read("responses", { background: "true" }).storedState).toBe(false);
});

describe("asking a chat stream for usage", () => {
  const ask = (body: string) =>
    apis.chat.addIncludeUsage(apis.chat.readRequest(Buffer.from(body))).toString();

  test.each([
    ['{"model":"m","stream":true}', false],
    ['{"model":"m","stream":true,"stream_options":null}', false],
    ['{"model":"m","stream":true,"stream_options":{"include_usage":false}}', false],
    ['{"model":"m","stream":true,"stream_options":{"include_usage":true}}', true],
    ['{"model":"m"}', true],
  ])("%s brings its usage: %s", (body, expected) => {
    expect(read("chat", body).includesUsage).toBe(expected);
  });

  test.each([
    ['{"model":"m", "n": 1.0}', '{"model":"m", "n": 1.0,"stream_options":{"include_usage":true}}'],
    ['{"stream_options":null,"model":"m"}', '{"stream_options":{"include_usage":true},"model":"m"}'],
    ['{"stream_options":5,"model":"m"}', '{"stream_options":{"include_usage":true},"model":"m"}'],
    ['{"stream_options":{ },"model":"m"}', '{"stream_options":{"include_usage":true },"model":"m"}'],
    [
      '{"stream_options":{"x": [1] , "include_usage":false},"model":"m"}',
      '{"stream_options":{"x": [1] , "include_usage":true},"model":"m"}',
    ],
  ])("%s", (body, expected) => {
    expect(ask(body)).toBe(expected);
  });

  test("the other APIs need no edit", () => {
    const bytes = Buffer.from('{"model":"m","stream":true}');
    for (const api of [apis.messages, apis.responses]) {
      const request = api.readRequest(bytes);
      expect(request.facts.includesUsage).toBe(true);
      expect(api.addIncludeUsage(request)).toBe(bytes);
    }
  });
});
