import { expect, test } from "vitest";
import type { ModelAnswer, Stop } from "../answer.ts";
import { httpError, mcpCall, refusal, text, thinking, toolCall, webSearch } from "../parts.ts";
import { documentOf, eventsOf, readEvents } from "../read-events.ts";
import { renderAnswer } from "../render.ts";

const streamed = (answer: ModelAnswer) =>
  eventsOf(renderAnswer("messages", answer, { model: "m", stream: true }));
const document = (answer: ModelAnswer) => documentOf(renderAnswer("messages", answer, { model: "m" }));

const rich: ModelAnswer = {
  id: "msg_1",
  content: [
    thinking("a thought that is longer than one delta", { signature: "sig" }),
    thinking("", { signature: "omitted" }),
    { type: "redacted_thinking", data: "red" },
    webSearch("weather", { id: "srvtoolu_1", results: [{ title: "t", url: "https://example.com" }] }),
    mcpCall("wiki", "read", { page: "Köln" }, { id: "mcptoolu_1", output: "a city", failed: true }),
    text("an answer of several deltas, with 🌍 in it"),
    toolCall("lookup", { city: "Köln" }, { id: "toolu_1" }),
    toolCall("now", {}, { id: "toolu_2", namespace: "clock" }),
  ],
};

/** Puts the blocks of a stream together again, as a client does. */
function assembledBlocks(events: ReturnType<typeof streamed>): unknown[] {
  const blocks: Record<string, unknown>[] = [];
  const json: string[] = [];
  for (const { type, index, content_block, delta } of events) {
    if (type === "content_block_start") blocks[index] = { ...content_block };
    const block = blocks[index] ?? {};
    if (type === "content_block_stop" && json[index]) block.input = JSON.parse(json[index]);
    if (type !== "content_block_delta") continue;
    if (delta.type === "text_delta") block.text += delta.text;
    if (delta.type === "thinking_delta") block.thinking += delta.thinking;
    if (delta.type === "signature_delta") block.signature = delta.signature;
    if (delta.type === "input_json_delta") json[index] = (json[index] ?? "") + delta.partial_json;
  }
  return blocks;
}

test("events come in the order of the API, each under its own name", () => {
  const rendering = renderAnswer("messages", { content: "Hi" }, { model: "m", stream: true });
  const names = readEvents(Buffer.concat(rendering.body).toString()).map((event) => event.name);
  expect(names).toEqual([
    "message_start",
    "content_block_start",
    "ping",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  expect(rendering.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  expect(eventsOf(rendering).map((event) => event.type)).toEqual(names);
});

test("the stream says what the document says", () => {
  const events = streamed(rich);
  const whole = document(rich);
  expect(assembledBlocks(events)).toEqual(whole.content);
  const opening = events[0].message;
  expect(opening).toMatchObject({
    id: "msg_1",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
  });
  const delta = events.find((event) => event.type === "message_delta");
  expect(delta.delta.stop_reason).toBe(whole.stop_reason);
  expect({ ...opening.usage, ...delta.usage }).toEqual(whole.usage);
});

test("blocks have the shapes of the API", () => {
  expect(document(rich).content).toEqual([
    { type: "thinking", thinking: "a thought that is longer than one delta", signature: "sig" },
    { type: "thinking", thinking: "", signature: "omitted" },
    { type: "redacted_thinking", data: "red" },
    {
      type: "server_tool_use",
      id: "srvtoolu_1",
      name: "web_search",
      caller: { type: "direct" },
      input: { query: "weather" },
    },
    expect.objectContaining({ type: "web_search_tool_result", tool_use_id: "srvtoolu_1" }),
    { type: "mcp_tool_use", id: "mcptoolu_1", name: "read", server_name: "wiki", input: { page: "Köln" } },
    {
      type: "mcp_tool_result",
      tool_use_id: "mcptoolu_1",
      is_error: true,
      content: [{ type: "text", text: "a city" }],
    },
    { type: "text", text: "an answer of several deltas, with 🌍 in it" },
    { type: "tool_use", id: "toolu_1", name: "lookup", caller: { type: "direct" }, input: { city: "Köln" } },
    {
      type: "tool_use",
      id: "toolu_2",
      name: "now",
      toolset_name: "clock",
      caller: { type: "direct" },
      input: {},
    },
  ]);
});

test("usage: tier and cache split at the start, totals and iterations at the end", () => {
  const events = streamed({
    content: "Hi",
    serviceTier: "priority",
    usage: {
      input: 11,
      output: 7,
      cacheRead: 100,
      cacheWrite5m: 20,
      cacheWrite1h: 5,
      reasoning: 3,
      webSearches: 2,
      iterations: [
        { type: "compaction", input: 900, output: 50 },
        { type: "advisor_message", model: "other", input: 4, output: 2, cacheRead: 1, cacheWrite: 6 },
      ],
    },
  });
  expect(events[0].message.usage).toEqual({
    input_tokens: 11,
    cache_creation_input_tokens: 25,
    cache_read_input_tokens: 100,
    cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 5 },
    output_tokens: 1,
    service_tier: "priority",
    inference_geo: "not_available",
  });
  expect(events.at(-2).usage).toEqual({
    input_tokens: 11,
    cache_creation_input_tokens: 25,
    cache_read_input_tokens: 100,
    output_tokens: 7,
    server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
    output_tokens_details: { thinking_tokens: 3 },
    iterations: [
      {
        type: "compaction",
        input_tokens: 900,
        output_tokens: 50,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      },
      {
        type: "advisor_message",
        model: "other",
        input_tokens: 4,
        output_tokens: 2,
        cache_read_input_tokens: 1,
        cache_creation_input_tokens: 6,
        cache_creation: { ephemeral_5m_input_tokens: 6, ephemeral_1h_input_tokens: 0 },
      },
    ],
  });
});

test("usage can be missing, and details of the API can be added anywhere", () => {
  const answer: ModelAnswer = {
    content: "Hi",
    usage: "missing",
    messages: { message: { container: { id: "c" } }, pings: 0 },
  };
  expect(JSON.stringify([streamed(answer), document(answer)])).not.toContain("usage");
  expect(document(answer).container).toEqual({ id: "c" });
  expect(streamed(answer).some((event) => event.type === "ping")).toBe(false);
  const merged = streamed({
    content: "Hi",
    messages: { startUsage: { speed: "fast" }, deltaUsage: { input_tokens: null } },
  });
  expect(merged[0].message.usage.speed).toBe("fast");
  expect(merged.at(-2).usage.input_tokens).toBeNull();
});

test.each<[Stop, string]>([
  ["end", "end_turn"],
  ["length", "max_tokens"],
  ["tool_use", "tool_use"],
  ["refusal", "refusal"],
  ["stop_sequence", "stop_sequence"],
  ["pause", "pause_turn"],
  ["context_window", "model_context_window_exceeded"],
])("stop %s is stop_reason %s in both forms", (stop, reason) => {
  expect(document({ content: "Hi", stop }).stop_reason).toBe(reason);
  expect(streamed({ content: "Hi", stop }).at(-2).delta.stop_reason).toBe(reason);
});

test("the stop reason follows from the content when none is given", () => {
  expect(document({ content: [toolCall("x", {})] }).stop_reason).toBe("tool_use");
  expect(document({ content: [refusal("No.")] })).toMatchObject({
    stop_reason: "refusal",
    stop_details: { type: "refusal" },
  });
  expect(document({ content: [] }).stop_reason).toBe("end_turn");
});

test("a native block is sent as it is, with deltas if it has some", () => {
  const block = { type: "compaction", content: "so far" };
  const delta = { type: "compaction_delta", content: "so far" };
  const answer: ModelAnswer = {
    content: [{ type: "native", block, start: { type: "compaction", content: null }, deltas: [delta] }],
  };
  expect(document(answer).content).toEqual([block]);
  const events = streamed(answer);
  expect(events[1].content_block).toEqual({ type: "compaction", content: null });
  expect(events.find((event) => event.type === "content_block_delta").delta).toEqual(delta);
});

test("a failure ends the stream with an error event, and is an HTTP error without one", () => {
  const answer: ModelAnswer = {
    content: "Hi",
    failure: { type: "overloaded_error", message: "Overloaded", afterEvents: 2, status: 529 },
  };
  const events = streamed(answer);
  expect(events.map((event) => event.type)).toEqual(["message_start", "content_block_start", "error"]);
  expect(events[2].error).toEqual({ type: "overloaded_error", message: "Overloaded" });
  const rendering = renderAnswer("messages", answer, {});
  expect(rendering.status).toBe(529);
  expect(documentOf(rendering).error.type).toBe("overloaded_error");
  expect(rendering.answerId).toBeUndefined();
});

test.each([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [429, "rate_limit_error"],
  [500, "api_error"],
  [529, "overloaded_error"],
])("HTTP error %i is a %s in Anthropic's shape", (status, type) => {
  const rendering = renderAnswer("messages", httpError(status, "why"), {});
  expect(rendering.status).toBe(status);
  expect(documentOf(rendering)).toMatchObject({ type: "error", error: { type, message: "why" } });
});
