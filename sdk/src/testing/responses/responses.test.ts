import { expect, test } from "vitest";
import type { ModelAnswer } from "../answer.ts";
import { customToolCall, mcpCall, refusal, text, thinking, toolCall, webSearch } from "../parts.ts";
import { documentOf, eventsOf, readEvents } from "../read-events.ts";
import { renderAnswer } from "../render.ts";

const streamed = (answer: ModelAnswer, request: object = {}) =>
  eventsOf(renderAnswer("responses", answer, { model: "m", stream: true, ...request }));
const document = (answer: ModelAnswer, request: object = {}) =>
  documentOf(renderAnswer("responses", answer, { model: "m", ...request }));

const rich: ModelAnswer = {
  id: "resp_1",
  content: [
    thinking("", {
      summary: ["first part", "second part"],
      reasoning: ["raw thought"],
      encryptedContent: "RU5D",
    }),
    { type: "redacted_thinking", data: "UkVE" },
    text("I will look it up.", { phase: "commentary" }),
    webSearch("weather", { id: "ws_1" }),
    mcpCall("wiki", "read", { page: "Köln" }, { id: "mcp_1", output: "a city" }),
    toolCall("lookup", { city: "Köln" }, { id: "call_1", namespace: "geo" }),
    customToolCall("patch", "*** Begin Patch", { id: "call_2" }),
    text("Done 🌍.", { phase: "final_answer" }),
    refusal("Not that."),
  ],
  usage: { input: 11, output: 7, cacheRead: 100, cacheWrite: 25, reasoning: 3, webSearches: 2 },
};

test("events are numbered from 0 without gaps, under their own names", () => {
  const rendering = renderAnswer(
    "responses",
    { ...rich, responses: { keepalives: 2 } },
    { model: "m", stream: true },
  );
  const events = eventsOf(rendering);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
  const names = readEvents(Buffer.concat(rendering.body).toString()).map((event) => event.name);
  expect(names).toEqual(events.map((event) => event.type));
  expect(names.slice(0, 4)).toEqual(["response.created", "response.in_progress", "keepalive", "keepalive"]);
  expect(names.at(-1)).toBe("response.completed");
});

test("one text runs through the events of the API", () => {
  const events = streamed({ content: "Hello, streamed world" });
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  expect(deltas.map((event) => event.delta).join("")).toBe("Hello, streamed world");
  const ids = new Set(events.slice(3, 8).map((event) => event.item_id));
  expect([...ids]).toEqual([events[2].item.id]);
});

test("the stream says what the document says: each finished item, the response, the usage", () => {
  const events = streamed(rich);
  const final = events.at(-1).response;
  const done = events.filter((event) => event.type === "response.output_item.done");
  expect(done.map((event) => event.item)).toEqual(final.output);
  expect(done.map((event) => event.output_index)).toEqual(
    final.output.map((_item: unknown, index: number) => index),
  );
  const withoutIds = (value: unknown) =>
    JSON.stringify(value).replaceAll(/"(id|item_id)":"(msg|rs|fc|ctc)_[^"]*"/g, "");
  expect(withoutIds(document(rich).output)).toBe(withoutIds(final.output));
  expect(document(rich).usage).toEqual(final.usage);
});

test("items have the shapes of the API", () => {
  const id = expect.any(String);
  expect(document(rich).output).toEqual([
    {
      type: "reasoning",
      id,
      summary: [
        { type: "summary_text", text: "first part" },
        { type: "summary_text", text: "second part" },
      ],
      content: [{ type: "reasoning_text", text: "raw thought" }],
      encrypted_content: "RU5D",
    },
    { type: "reasoning", id, summary: [], encrypted_content: "UkVE" },
    {
      type: "message",
      id,
      role: "assistant",
      phase: "commentary",
      status: "completed",
      content: [{ type: "output_text", text: "I will look it up.", annotations: [], logprobs: [] }],
    },
    {
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "weather", queries: ["weather"] },
    },
    {
      type: "mcp_call",
      id: "mcp_1",
      server_label: "wiki",
      name: "read",
      approval_request_id: null,
      arguments: '{"page":"Köln"}',
      output: "a city",
      error: null,
      status: "completed",
    },
    {
      type: "function_call",
      id,
      call_id: "call_1",
      name: "lookup",
      namespace: "geo",
      arguments: '{"city":"Köln"}',
      status: "completed",
    },
    {
      type: "custom_tool_call",
      id,
      call_id: "call_2",
      name: "patch",
      input: "*** Begin Patch",
      status: "completed",
    },
    expect.objectContaining({ type: "message", phase: "final_answer" }),
    {
      type: "message",
      id,
      role: "assistant",
      status: "completed",
      content: [{ type: "refusal", refusal: "Not that." }],
    },
  ]);
});

test("deltas add up to what their done events say", () => {
  const pairs = [
    ["response.output_text", "text"],
    ["response.reasoning_summary_text", "text"],
    ["response.reasoning_text", "text"],
    ["response.function_call_arguments", "arguments"],
    ["response.mcp_call_arguments", "arguments"],
    ["response.custom_tool_call_input", "input"],
    ["response.refusal", "refusal"],
  ] as const;
  const events = streamed({ ...rich, deltaLength: 3 });
  const place = (event: Record<string, unknown>) =>
    [event.output_index, event.content_index, event.summary_index].join("/");
  for (const [name, member] of pairs) {
    const done = events.filter((event) => event.type === `${name}.done`);
    expect(done, name).not.toHaveLength(0);
    for (const end of done) {
      const deltas = events.filter((event) => event.type === `${name}.delta` && place(event) === place(end));
      expect(deltas.map((event) => event.delta).join("")).toBe(end[member]);
    }
  }
});

test("encrypted content is only final in output_item.done", () => {
  const events = streamed(rich);
  const added = events.find((event) => event.type === "response.output_item.added");
  expect(added.item.encrypted_content).not.toBe("RU5D");
});

test("usage: cache is part of the input, searches are outside of it", () => {
  const final = document(rich);
  expect(final.usage).toEqual({
    input_tokens: 136,
    input_tokens_details: { cached_tokens: 100, cache_write_tokens: 25 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 3 },
    total_tokens: 143,
  });
  expect(final.tool_usage).toEqual({ web_search: { num_requests: 2 } });
  expect(document({ content: "Hi", usage: "missing" })).not.toHaveProperty("usage");
  const image = { image_gen: { input_tokens: 5, output_tokens: 6, total_tokens: 11 } };
  expect(document({ content: "Hi", responses: { toolUsage: image } }).tool_usage).toEqual(image);
});

test("what was asked is repeated in the response", () => {
  const request = { instructions: "Be kind.", store: false, tools: [{ type: "function", name: "x" }] };
  expect(document({ content: "Hi" }, request)).toMatchObject(request);
  expect(streamed({ content: "Hi" }, request)[0].response).toMatchObject({
    ...request,
    status: "in_progress",
  });
});

test.each([
  ["length", "max_output_tokens"],
  ["content_filter", "content_filter"],
] as const)("stop %s makes an incomplete response (%s)", (stop, reason) => {
  const final = streamed({ content: "Hi", stop }).at(-1);
  expect(final.type).toBe("response.incomplete");
  expect(final.response).toMatchObject({ status: "incomplete", incomplete_details: { reason } });
  expect(document({ content: "Hi", stop })).toMatchObject({ status: "incomplete" });
});

test("a failed response: error event and response.failed, or a document that says so", () => {
  const answer: ModelAnswer = {
    content: "Hi",
    failure: { type: "server_error", message: "broken", code: "rate_limit_exceeded" },
  };
  const events = streamed(answer);
  const last = events.length - 1;
  expect(events.at(-2)).toEqual({
    type: "error",
    sequence_number: last - 1,
    code: "rate_limit_exceeded",
    message: "broken",
    param: null,
  });
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    sequence_number: last,
    response: { status: "failed", error: { code: "rate_limit_exceeded", message: "broken" }, usage: {} },
  });
  expect(document(answer)).toMatchObject({ status: "failed", error: { message: "broken" } });
  const types = (failureEvents: "error" | "failed") =>
    streamed({ ...answer, responses: { failureEvents } })
      .slice(-2)
      .map((event) => event.type);
  expect(types("error")).toEqual(["response.output_item.done", "error"]);
  expect(types("failed")).toEqual(["response.output_item.done", "response.failed"]);
});

test("a failure in the middle has nothing finished", () => {
  const failure = { type: "server_error", message: "broken", afterEvents: 3 };
  const events = streamed({ content: "Hi", failure });
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "error",
    "response.failed",
  ]);
  expect(events.at(-1).response.output).toEqual([]);
});

test("generate: false generates nothing", () => {
  const events = streamed({ content: "Hi", usage: "missing" }, { generate: false });
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.completed",
  ]);
  expect(events[2].response.output).toEqual([]);
});

test("a compaction is a document of its own, even where a stream is asked for", () => {
  const rendering = renderAnswer(
    "compact",
    { content: "", usage: { input: 900, output: 50 } },
    { stream: true },
  );
  expect(documentOf(rendering)).toMatchObject({
    object: "response.compaction",
    output: [{ type: "compaction" }],
    usage: { input_tokens: 900, output_tokens: 50 },
  });
  expect(rendering.answerId).toMatch(/^resp_/);
});

test("a native item is sent as it is", () => {
  const block = { type: "code_interpreter_call", id: "ci_1", code: "1+1", status: "completed" };
  expect(document({ content: [{ type: "native", block }] }).output).toEqual([block]);
});
