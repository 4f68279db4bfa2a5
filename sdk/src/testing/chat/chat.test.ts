import { expect, test } from "vitest";
import type { ModelAnswer, Stop } from "../answer.ts";
import { customToolCall, rateLimited, refusal, text, thinking, toolCall } from "../parts.ts";
import { documentOf, eventsOf } from "../read-events.ts";
import { renderAnswer } from "../render.ts";

const asked = { model: "m", stream: true, stream_options: { include_usage: true } };
const streamed = (answer: ModelAnswer, request: object = asked) =>
  eventsOf(renderAnswer("chat", answer, { ...request }));
const document = (answer: ModelAnswer, request: object = { model: "m" }) =>
  documentOf(renderAnswer("chat", answer, { ...request }));

const usage = { input: 11, output: 7, cacheRead: 100, cacheWrite: 25, reasoning: 3 };

const rich: ModelAnswer = {
  id: "chatcmpl-1",
  content: [
    thinking("considering the question at length"),
    text("an answer of several deltas, with 🌍 in it"),
    toolCall("lookup", { city: "Köln" }, { id: "call_1" }),
    toolCall("lookup", '{"city": "broken', { id: "call_2" }),
    customToolCall("patch", "*** Begin Patch", { id: "call_3" }),
  ],
  usage,
};

/** Puts the messages of a stream together again, choice by choice, as a client does. */
function assembled(events: ReturnType<typeof streamed>): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  const choices = events.filter((event) => event !== "[DONE]").flatMap((event) => event.choices);
  for (const { index, delta } of choices) {
    const message = messages[index] ?? {};
    messages[index] = message;
    for (const [member, value] of Object.entries(delta)) {
      if (member === "tool_calls") addToolCall(message, (value as never[])[0] as never);
      else message[member] = typeof value === "string" ? ((message[member] as string) ?? "") + value : value;
    }
  }
  return messages;
}

// biome-ignore lint/suspicious/noExplicitAny: a partial tool call
function addToolCall(message: Record<string, unknown>, piece: any): void {
  message.tool_calls ??= [];
  // biome-ignore lint/suspicious/noExplicitAny: a tool call in the making
  const calls = message.tool_calls as any[];
  const { index, ...opening } = piece;
  const known = calls[index];
  if (known === undefined) calls[index] = structuredClone(opening);
  else if (piece.function) known.function.arguments += piece.function.arguments;
  else known.custom.input += piece.custom.input;
}

test("the stream says what the document says", () => {
  const whole = document(rich);
  const [message] = assembled(streamed(rich));
  expect({ annotations: [], ...message }).toEqual(whole.choices[0].message);
  expect(whole.choices[0].finish_reason).toBe("tool_calls");
});

test("a message has the shape of the API, with the thinking of compatible servers", () => {
  expect(document(rich).choices[0].message).toEqual({
    role: "assistant",
    content: "an answer of several deltas, with 🌍 in it",
    refusal: null,
    annotations: [],
    reasoning_content: "considering the question at length",
    tool_calls: [
      { id: "call_1", type: "function", function: { name: "lookup", arguments: '{"city":"Köln"}' } },
      { id: "call_2", type: "function", function: { name: "lookup", arguments: '{"city": "broken' } },
      { id: "call_3", type: "custom", custom: { name: "patch", input: "*** Begin Patch" } },
    ],
  });
  expect(document({ ...rich, chat: { reasoningMember: "reasoning" } }).choices[0].message.reasoning).toBe(
    "considering the question at length",
  );
});

test("usage comes in a chunk of its own, with null beside all others, when it is asked for", () => {
  const events = streamed(rich);
  expect(events.at(-1)).toBe("[DONE]");
  expect(events.at(-2)).toMatchObject({ id: "chatcmpl-1", choices: [] });
  expect(events.at(-2).usage).toEqual(document(rich).usage);
  expect(events.slice(0, -2).every((event) => event.usage === null && event.choices.length === 1)).toBe(true);
  expect(events.at(-3).choices[0]).toMatchObject({ delta: {}, finish_reason: "tool_calls" });
  expect(document(rich).usage).toMatchObject({
    prompt_tokens: 136,
    completion_tokens: 7,
    total_tokens: 143,
    prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 25 },
    completion_tokens_details: { reasoning_tokens: 3 },
  });
});

test("usage is nowhere when it is not asked for, or when the answer has none", () => {
  expect(JSON.stringify(streamed(rich, { model: "m", stream: true }))).not.toContain("usage");
  expect(JSON.stringify(streamed({ content: "Hi", usage: "missing" }))).not.toContain("usage");
  expect(document({ content: "Hi", usage: "missing" })).not.toHaveProperty("usage");
});

test("compatible servers: usage beside the choices, no [DONE], members of their own", () => {
  const answer: ModelAnswer = {
    content: "Hi",
    usage,
    chat: { usagePlacement: "beside-choices", done: false, body: { x_groq: 1 }, usage: { queue_time: 0.5 } },
  };
  const events = streamed(answer, { model: "m", stream: true });
  expect(events.at(-1)).toMatchObject({
    choices: [{ finish_reason: "stop" }],
    x_groq: 1,
    usage: { queue_time: 0.5 },
  });
  expect(events.slice(0, -1).some((event) => "usage" in event)).toBe(false);
});

test("n choices: each with its own content and finish reason, under its index", () => {
  const answer: ModelAnswer = { content: "", chat: { choices: ["first", [toolCall("x", {}, { id: "c" })]] } };
  const events = streamed(answer);
  expect(assembled(events)).toEqual([
    { role: "assistant", content: "first", refusal: null },
    {
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: [{ id: "c", type: "function", function: { name: "x", arguments: "{}" } }],
    },
  ]);
  const reasons = document(answer).choices.map((choice: { finish_reason: string }) => choice.finish_reason);
  expect(reasons).toEqual(["stop", "tool_calls"]);
  expect(document({ content: "Hi" }, { model: "m", n: 3 }).choices).toHaveLength(3);
});

test("the legacy function_call", () => {
  const answer: ModelAnswer = { content: [toolCall("f", { a: 1 })], chat: { legacyFunctionCall: true } };
  const [choice] = document(answer).choices;
  expect(choice).toMatchObject({
    finish_reason: "function_call",
    message: { content: null, function_call: { name: "f", arguments: '{"a":1}' } },
  });
  const pieces = streamed(answer)
    .filter((event) => event !== "[DONE]")
    .flatMap((event) => event.choices)
    .flatMap((streamedChoice) => streamedChoice.delta.function_call ?? []);
  expect(pieces[0]).toEqual({ name: "f", arguments: "" });
  expect(pieces.map((piece) => piece.arguments).join("")).toBe('{"a":1}');
});

test.each<[Stop, string]>([
  ["end", "stop"],
  ["length", "length"],
  ["tool_use", "tool_calls"],
  ["content_filter", "content_filter"],
  ["refusal", "stop"],
])("stop %s is finish_reason %s", (stop, reason) => {
  expect(document({ content: "Hi", stop }).choices[0].finish_reason).toBe(reason);
});

test("a refusal is a member of its own", () => {
  const answer: ModelAnswer = { content: [refusal("I cannot help with that.")] };
  expect(document(answer).choices[0].message).toMatchObject({
    content: null,
    refusal: "I cannot help with that.",
  });
  expect(assembled(streamed(answer))[0]?.refusal).toBe("I cannot help with that.");
});

test("a failure is a data.error without [DONE], and an HTTP error without a stream", () => {
  const answer: ModelAnswer = { content: "Hi", failure: { type: "server_error", message: "broken" } };
  const events = streamed(answer);
  expect(events.at(-1)).toEqual({
    error: { message: "broken", type: "server_error", param: null, code: "server_error" },
  });
  expect(events).not.toContain("[DONE]");
  expect(renderAnswer("chat", answer, {}).status).toBe(500);
});

test("a rate limit has OpenAI's shape and says when to come back", () => {
  const rendering = renderAnswer("chat", rateLimited(7), {});
  expect(rendering.status).toBe(429);
  expect(rendering.headers["retry-after"]).toBe("7");
  expect(documentOf(rendering).error).toEqual({
    message: "Rate limit reached",
    type: "requests",
    param: null,
    code: "rate_limit_exceeded",
  });
});
