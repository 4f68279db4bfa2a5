import { customToolCall, type ModelAnswer, text, thinking, toolCall, webSearch } from "@aibridge/sdk/testing";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, thoughts, toolCalls } from "./support/recorded.ts";
import { weather } from "./support/weather.ts";

const usage = { input: 12, output: 34, cacheRead: 560, cacheWrite: 78, reasoning: 5 };
const asking = { model: "gpt-5.2", input: "Say hello to the tests." };
const tools = [
  {
    type: "function" as const,
    name: weather.name,
    description: weather.description,
    parameters: { ...weather.schema },
    strict: false,
  },
];

const gateway = gatewayForClients();

function client(user: User): OpenAI {
  return new OpenAI({ baseURL: gateway.openaiUrl, apiKey: user.token, maxRetries: 0 });
}

async function expectRecorded(user: User, count: number, streaming: boolean, route = "/v1/responses") {
  const records = await user.recorded(count);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({
      initiatorId: user.actor,
      provider: "openai",
      model: asking.model,
      route,
      streaming,
      client: "Unknown",
      userAgent: expect.stringMatching(/^OpenAI\/JS 7\.57\.0/),
    });
    expect(recorded.ended).toMatchObject(completed);
  }
  await expectTokensAsSent(gateway.planes, records);
  return records;
}

test("create", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const response = await client(user).responses.create(asking);
  expect(response.output_text).toBe("Hello, tests.");
  const [recorded] = await expectRecorded(user, 1, false);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
  expect(recorded?.tokenUsages[0]?.extraTokenTypes).toMatchObject({
    "output_tokens_details.reasoning_tokens": "5",
  });
});

test("create as a stream", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const types: string[] = [];
  for await (const event of await client(user).responses.create({ ...asking, stream: true }))
    types.push(event.type);
  expect(types.at(0)).toBe("response.created");
  expect(types.at(-1)).toBe("response.completed");
  await expectRecorded(user, 1, true);
});

const rich: ModelAnswer = {
  content: [
    thinking("", { summary: ["It depends."], reasoning: ["On the city."], encryptedContent: "ZW5j" }),
    text("I will look.", { phase: "commentary" }),
    webSearch("weather"),
    toolCall(weather.name, weather.input, { id: "call_helper" }),
    customToolCall("patch", '"raw text"', { id: "call_custom" }),
  ],
  usage: { ...usage, webSearches: 1 },
};

test("the stream helper: tool calls of every kind with thoughts, and a result", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(rich, { content: "It rains.", usage });
  const sdk = client(user);
  const first = await sdk.responses.stream({ ...asking, tools, store: false }).finalResponse();
  const result = { type: "function_call_output" as const, call_id: "call_helper", output: weather.answer };
  const input = [{ role: "user" as const, content: asking.input }, ...(first.output as []), result];
  const second = await sdk.responses.stream({ ...asking, input, tools, store: false }).finalResponse();
  expect(second.output_text).toBe("It rains.");

  const [calling, answering] = await expectRecorded(user, 2, true);
  expect(toolCalls(calling)).toMatchObject([
    { tool: "web_search", input: { query: "weather" } },
    { tool: weather.name, toolCallId: "call_helper", input: weather.input, injected: false },
    { tool: "patch", toolCallId: "call_custom", input: "raw text", injected: false },
  ]);
  expect(thoughts(calling)).toEqual([
    ["THOUGHT_SOURCE_REASONING_SUMMARY", "It depends."],
    ["THOUGHT_SOURCE_REASONING", "On the city."],
    ["THOUGHT_SOURCE_COMMENTARY", "I will look."],
  ]);
  expect(calling?.tokenUsages[0]?.extraTokenTypes).toMatchObject({
    "tool_usage.web_search.num_requests": "1",
  });
  expect(answering?.interception.correlatingToolCallId).toBe("call_helper");
  expect(prompts(answering)).toEqual([]);
});

test("an incomplete response is complete for the record", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello", stop: "length", usage });
  const response = await client(user).responses.create(asking);
  expect(response).toMatchObject({
    status: "incomplete",
    incomplete_details: { reason: "max_output_tokens" },
  });
  await expectRecorded(user, 1, false);
});

test("a failed response is a failure for the reader and in the record", async () => {
  const user = await gateway.newUser();
  const failure = { type: "server_error", message: "The model broke." };
  gateway.planes.provider.next({ content: "Hello", usage, failure, responses: { failureEvents: "failed" } });
  const types: string[] = [];
  for await (const event of await client(user).responses.create({ ...asking, stream: true }))
    types.push(event.type);
  expect(types.at(-1)).toBe("response.failed");
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended?.outcome).toBe("INTERCEPTION_OUTCOME_FAILED");
  expect(recorded?.tokenUsages).toMatchObject([
    { inputTokens: "12", outputTokens: "34", source: "USAGE_SOURCE_REPORTED" },
  ]);
});

test("a compaction is inference: recorded with its usage", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "", usage });
  const compacted = await client(user).responses.compact(asking);
  expect(compacted.output).toMatchObject([{ type: "compaction" }]);
  await expectRecorded(user, 1, false, "/v1/responses/compact");
});

test("an error in the stream, and a stream cut short, are thrown to the reader", async () => {
  const user = await gateway.newUser();
  const failure = { type: "server_error", message: "The model broke.", afterEvents: 4 };
  gateway.planes.provider.next(
    { content: "Hello", usage, failure },
    { content: "Hello", usage, delivery: { truncate: { afterEvents: 4 } } },
  );
  const read = async () => {
    for await (const _event of await client(user).responses.create({ ...asking, stream: true }));
  };
  await expect(read()).rejects.toThrow("The model broke.");
  await expect(read()).rejects.toThrow();
  const records = await user.recorded(2);
  expect(records.map(({ ended }) => ended?.outcome)).toEqual([
    "INTERCEPTION_OUTCOME_FAILED",
    "INTERCEPTION_OUTCOME_FAILED",
  ]);
  expect(records[1]?.ended?.errorType).toBe("upstream_truncated");
});
