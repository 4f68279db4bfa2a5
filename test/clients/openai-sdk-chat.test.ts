import { httpError, type ModelAnswer, rateLimited, thinking, toolCall } from "@aibridge/sdk/testing";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, thoughts, toolCalls } from "./support/recorded.ts";
import { weather } from "./support/weather.ts";

const usage = { input: 12, output: 34, cacheRead: 560, cacheWrite: 78, reasoning: 5 };
const asking = {
  model: "gpt-5.2",
  messages: [{ role: "user" as const, content: "Say hello to the tests." }],
};
const tools = [
  {
    type: "function" as const,
    function: { name: weather.name, description: weather.description, parameters: { ...weather.schema } },
  },
];

const gateway = gatewayForClients();

function client(user: User): OpenAI {
  return new OpenAI({ baseURL: gateway.openaiUrl, apiKey: user.token, maxRetries: 0 });
}

function callWeather(id: string): ModelAnswer {
  return { content: [thinking("It depends."), toolCall(weather.name, weather.input, { id })], usage };
}

async function expectRecorded(user: User, count: number, streaming: boolean) {
  const records = await user.recorded(count);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({
      initiatorId: user.actor,
      provider: "openai",
      model: asking.model,
      route: "/v1/chat/completions",
      streaming,
      client: "Unknown",
      userAgent: expect.stringMatching(/^OpenAI\/JS 7\.57\.0/),
    });
    expect(recorded.ended).toMatchObject(completed);
    expect(recorded.tokenUsages[0]?.extraTokenTypes).toMatchObject({
      "completion_tokens_details.reasoning_tokens": "5",
    });
  }
  await expectTokensAsSent(gateway.planes, records);
  return records;
}

test("create", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const completion = await client(user).chat.completions.create(asking);
  expect(completion.choices[0]?.message.content).toBe("Hello, tests.");
  expect(completion.usage).toMatchObject({ prompt_tokens: 650, completion_tokens: 34 });
  const [recorded] = await expectRecorded(user, 1, false);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
});

test.each([undefined, true])("create as a stream, include_usage: %s", async (includeUsage) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const options = includeUsage === undefined ? {} : { stream_options: { include_usage: includeUsage } };
  let said = "";
  const usages: unknown[] = [];
  for await (const chunk of await client(user).chat.completions.create({
    ...asking,
    ...options,
    stream: true,
  })) {
    said += chunk.choices[0]?.delta.content ?? "";
    if (chunk.usage) usages.push(chunk.usage);
  }
  expect(said).toBe("Hello, tests.");
  expect(usages).toHaveLength(includeUsage ? 1 : 0);
  await expectRecorded(user, 1, true);
});

test("the stream helper: a tool call, and its result", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(callWeather("call_helper"), { content: "It rains.", usage });
  const sdk = client(user);
  const first = await sdk.chat.completions.stream({ ...asking, tools }).finalMessage();
  expect(first.tool_calls).toMatchObject([{ id: "call_helper", function: { name: weather.name } }]);
  const result = { role: "tool" as const, tool_call_id: "call_helper", content: weather.answer };
  const messages = [...asking.messages, first, result];
  expect(await sdk.chat.completions.stream({ ...asking, messages, tools }).finalContent()).toBe("It rains.");

  const [calling, answering] = await expectRecorded(user, 2, true);
  expect(toolCalls(calling)).toEqual([
    { tool: weather.name, toolCallId: "call_helper", input: weather.input, injected: false },
  ]);
  expect(thoughts(calling)).toEqual([["THOUGHT_SOURCE_REASONING", "It depends."]]);
  expect(answering?.interception.correlatingToolCallId).toBe("call_helper");
  expect(prompts(answering)).toEqual([]);
});

test.each([false, true])("the tool runner, streaming: %s", async (stream) => {
  const user = await gateway.newUser();
  const id = `call_runner_${stream}`;
  gateway.planes.provider.next(callWeather(id), { content: "It rains.", usage });
  const asked: unknown[] = [];
  const callback = async (input: unknown) => {
    asked.push(input);
    return weather.answer;
  };
  const runnable = {
    type: "function" as const,
    function: { ...tools[0]?.function, function: callback, parse: JSON.parse },
  };
  const { completions } = client(user).chat;
  const runner = stream
    ? completions.runTools({ ...asking, stream: true, tools: [runnable] as never })
    : completions.runTools({ ...asking, tools: [runnable] as never });
  expect(await runner.finalContent()).toBe("It rains.");
  expect(asked).toEqual([weather.input]);
  const [calling, answering] = await expectRecorded(user, 2, stream);
  expect(toolCalls(calling)).toMatchObject([{ tool: weather.name, toolCallId: id }]);
  expect(answering?.interception.correlatingToolCallId).toBe(id);
});

test("a provider's errors are the SDK's own errors, and recorded as failures", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(rateLimited(7), httpError(400, "Bad request"));
  const { completions } = client(user).chat;
  await expect(completions.create(asking)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(completions.create(asking)).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  const records = await user.recorded(2);
  expect(records.map(({ ended }) => [ended?.outcome, ended?.httpStatus])).toEqual([
    ["INTERCEPTION_OUTCOME_FAILED", 429],
    ["INTERCEPTION_OUTCOME_FAILED", 400],
  ]);
});

test("a stream that the provider cuts short is no success for the reader", async () => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({
    content: "Hello, tests.",
    usage,
    delivery: { truncate: { afterEvents: 2 } },
  });
  const read = async () => {
    for await (const _chunk of await client(user).chat.completions.create({ ...asking, stream: true }));
  };
  await expect(read()).rejects.toThrow();
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended).toMatchObject({
    outcome: "INTERCEPTION_OUTCOME_FAILED",
    errorType: "upstream_truncated",
  });
});

test("a token that is none is an authentication error", async () => {
  const stranger = new OpenAI({ baseURL: gateway.openaiUrl, apiKey: "no-token" });
  await expect(stranger.chat.completions.create(asking)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});

test("models pass through, without a record", async () => {
  const user = await gateway.newUser();
  const models: string[] = [];
  for await (const model of client(user).models.list()) models.push(model.id);
  expect(models).toContain("gpt-5.2");
  expect(await user.recorded(0)).toEqual([]);
});
