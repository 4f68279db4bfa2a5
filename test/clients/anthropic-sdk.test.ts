import { type ModelAnswer, rateLimited, text, thinking, toolCall } from "@aibridge/sdk/testing";
import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { expect, test } from "vitest";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, thoughts, toolCalls } from "./support/recorded.ts";
import { weather } from "./support/weather.ts";

const usage = { input: 12, output: 34, cacheRead: 560, cacheWrite5m: 78, cacheWrite1h: 9 };
const asking = {
  model: "claude-sonnet-4-6",
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "Say hello to the tests." }],
};
const tools = [
  {
    name: weather.name,
    description: weather.description,
    input_schema: { ...weather.schema, required: ["city"] },
  },
];

const gateway = gatewayForClients();

function client(user: User): Anthropic {
  return new Anthropic({ baseURL: gateway.anthropicUrl, authToken: user.token, apiKey: null, maxRetries: 0 });
}

function callWeather(id: string): ModelAnswer {
  return {
    content: [thinking("It depends."), text("I will look."), toolCall(weather.name, weather.input, { id })],
    usage,
  };
}

async function expectRecorded(user: User, count: number, streaming: boolean) {
  const records = await user.recorded(count);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({
      initiatorId: user.actor,
      provider: "anthropic",
      model: asking.model,
      route: "/v1/messages",
      streaming,
      client: "Unknown",
      userAgent: expect.stringMatching(/^Anthropic\/JS 1\.12\.0/),
    });
    expect(recorded.ended).toMatchObject(completed);
  }
  await expectTokensAsSent(gateway.planes, records);
  return records;
}

test.each(["authToken", "apiKey"] as const)("create with %s", async (credential) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const sdk = new Anthropic({
    baseURL: gateway.anthropicUrl,
    authToken: null,
    apiKey: null,
    [credential]: user.token,
  });
  const message = await sdk.messages.create(asking);
  expect(message.content).toEqual([{ type: "text", text: "Hello, tests." }]);
  expect(message.usage).toMatchObject({
    input_tokens: 12,
    output_tokens: 34,
    cache_creation_input_tokens: 87,
  });
  const [recorded] = await expectRecorded(user, 1, false);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
  expect(recorded?.promptUsages[0]?.messageId).toBe(message.id);
});

test("create as a stream", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  let said = "";
  for await (const event of await client(user).messages.create({ ...asking, stream: true })) {
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") said += event.delta.text;
  }
  expect(said).toBe("Hello, tests.");
  const [recorded] = await expectRecorded(user, 1, true);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
});

test("the stream helper: a tool call with thinking, and its result", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(callWeather("toolu_helper"), { content: "It rains.", usage });
  const sdk = client(user);
  const first = await sdk.messages.stream({ ...asking, tools }).finalMessage();
  expect(first.stop_reason).toBe("tool_use");
  expect(first.content.at(-1)).toMatchObject({ type: "tool_use", id: "toolu_helper", input: weather.input });
  const result = { type: "tool_result" as const, tool_use_id: "toolu_helper", content: weather.answer };
  const messages = [
    ...asking.messages,
    { role: "assistant" as const, content: first.content },
    { role: "user" as const, content: [result] },
  ];
  const second = await sdk.messages.stream({ ...asking, tools, messages }).finalText();
  expect(second).toBe("It rains.");

  const [calling, answering] = await expectRecorded(user, 2, true);
  expect(toolCalls(calling)).toEqual([
    { tool: weather.name, toolCallId: "toolu_helper", input: weather.input, injected: false },
  ]);
  expect(calling?.toolUsages[0]?.messageId).toBe(first.id);
  expect(thoughts(calling)).toEqual([["THOUGHT_SOURCE_THINKING", "It depends."]]);
  expect(answering?.interception.correlatingToolCallId).toBe("toolu_helper");
  expect(prompts(answering)).toEqual([]);
});

test.each([false, true])("the tool runner, streaming: %s", async (stream) => {
  const user = await gateway.newUser();
  const id = `toolu_runner_${stream}`;
  gateway.planes.provider.next(callWeather(id), { content: "It rains.", usage });
  const asked: unknown[] = [];
  const run = async (input: unknown) => {
    asked.push(input);
    return weather.answer;
  };
  const tool = betaTool({
    name: weather.name,
    description: weather.description,
    inputSchema: weather.schema,
    run,
  });
  const final = await client(user)
    .beta.messages.toolRunner({ ...asking, stream, tools: [tool] })
    .runUntilDone();
  expect(asked).toEqual([weather.input]);
  expect(final.content.at(-1)).toMatchObject({ type: "text", text: "It rains." });
  const [calling, answering] = await expectRecorded(user, 2, stream);
  expect(toolCalls(calling)).toMatchObject([{ tool: weather.name, toolCallId: id }]);
  expect(answering?.interception.correlatingToolCallId).toBe(id);
});

test("a provider's error is the SDK's own error, and recorded as a failure", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(rateLimited(7));
  const error = await client(user)
    .messages.create(asking)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Anthropic.RateLimitError);
  expect((error as InstanceType<typeof Anthropic.RateLimitError>).headers?.get("retry-after")).toBe("7");
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended).toMatchObject({ outcome: "INTERCEPTION_OUTCOME_FAILED", httpStatus: 429 });
  expect(recorded?.tokenUsages).toEqual([]);
});

test("an error in the stream is thrown to the reader", async () => {
  const user = await gateway.newUser();
  const failure = { type: "overloaded_error", message: "Overloaded", afterEvents: 4 };
  gateway.planes.provider.next({ content: "Hello, tests.", usage, failure });
  await expect(client(user).messages.stream(asking).finalMessage()).rejects.toThrow("Overloaded");
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended?.outcome).toBe("INTERCEPTION_OUTCOME_FAILED");
});

test("a stream that the provider cuts short is no success for the reader", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({
    content: "Hello, tests.",
    usage,
    delivery: { truncate: { afterEvents: 5 } },
  });
  const read = async () => {
    for await (const _event of await client(user).messages.create({ ...asking, stream: true }));
  };
  await expect(read()).rejects.toThrow();
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended).toMatchObject({
    outcome: "INTERCEPTION_OUTCOME_FAILED",
    errorType: "upstream_truncated",
  });
  expect(recorded?.tokenUsages).toMatchObject([{ source: "USAGE_SOURCE_PARTIAL", inputTokens: "12" }]);
});

test("leaving a stream cancels the provider's work", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage, delivery: { stall: { afterEvents: 4 } } });
  const stream = await client(user).messages.create({
    ...asking,
    stream: true,
    messages: [{ role: "user", content: "I will leave." }],
  });
  for await (const event of stream) if (event.type === "content_block_delta") break;
  const request = await gateway.planes.provider.waitFor(({ body }) => body.includes("I will leave."));
  expect(await request.closed).toBe("aborted");
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended?.outcome).toBe("INTERCEPTION_OUTCOME_CANCELLED_BY_CLIENT");
  expect(recorded?.tokenUsages).toMatchObject([{ source: "USAGE_SOURCE_PARTIAL" }]);
});

test("a token that is none is an authentication error, without a record", async () => {
  const stranger = new Anthropic({ baseURL: gateway.anthropicUrl, authToken: "no-token", apiKey: null });
  await expect(stranger.messages.create(asking)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
});

test("models and token counts pass through, without a record", async () => {
  const user = await gateway.newUser();
  const sdk = client(user);
  const models: string[] = [];
  for await (const model of sdk.models.list()) models.push(model.id);
  expect(models).toContain("claude-sonnet-4-6");
  const { model, messages } = asking;
  expect((await sdk.messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(0);
  expect(await user.recorded(0)).toEqual([]);
});
