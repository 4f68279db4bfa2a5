import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { type ModelAnswer, overloaded, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { generateText, type LanguageModel, stepCountIs, streamText, tool } from "ai";
import { expect, test } from "vitest";
import { z } from "zod";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, toolCalls } from "./support/recorded.ts";
import { weather } from "./support/weather.ts";

const usage = { input: 12, output: 34, cacheRead: 560, cacheWrite: 78 };
const prompt = "Say hello to the tests.";

const gateway = gatewayForClients();

const models: Readonly<Record<string, (token: string) => LanguageModel>> = {
  "/v1/messages": (token) =>
    createAnthropic({ baseURL: `${gateway.anthropicUrl}/v1`, apiKey: token })("claude-sonnet-4-6"),
  "/v1/responses": (token) => createOpenAI({ baseURL: gateway.openaiUrl, apiKey: token })("gpt-5.2"),
  "/v1/chat/completions": (token) =>
    createOpenAI({ baseURL: gateway.openaiUrl, apiKey: token }).chat("gpt-5.2"),
};
const routes = Object.keys(models);

function modelFor(route: string, user: User): LanguageModel {
  const model = models[route]?.(user.token);
  if (model === undefined) throw new Error(`no model for ${route}`);
  return model;
}

async function expectRecorded(user: User, route: string, count: number, streaming: boolean) {
  const records = await user.recorded(count);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({
      initiatorId: user.actor,
      route,
      streaming,
      userAgent: expect.stringMatching(streaming ? /^ai-sdk-(anthropic|openai)\/4\.0\./ : /^ai\/7\.0\.173 /),
    });
    expect(recorded.ended).toMatchObject(completed);
  }
  await expectTokensAsSent(gateway.planes, records);
  return records;
}

test.each(routes)("generateText over %s", async (route) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const result = await generateText({ model: modelFor(route, user), prompt });
  expect(result.text).toBe("Hello, tests.");
  const [recorded] = await expectRecorded(user, route, 1, false);
  expect(prompts(recorded)).toEqual([prompt]);
});

test.each(routes)("streamText over %s", async (route) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({ content: "Hello, tests.", usage });
  const result = streamText({ model: modelFor(route, user), prompt });
  expect(await result.text).toBe("Hello, tests.");
  const [recorded] = await expectRecorded(user, route, 1, true);
  expect(prompts(recorded)).toEqual([prompt]);
});

test.each(routes)("a tool in several steps over %s", async (route) => {
  const user = await gateway.newUser();
  const id = `call_${routes.indexOf(route)}`;
  const calling: ModelAnswer = {
    content: [thinking("It depends."), text("I will look."), toolCall(weather.name, weather.input, { id })],
    usage,
  };
  gateway.planes.provider.next(calling, { content: "It rains.", usage });
  const inputSchema = z.object({ city: z.string() });
  const tools = {
    [weather.name]: tool({
      description: weather.description,
      inputSchema,
      execute: async () => weather.answer,
    }),
  };
  const result = streamText({ model: modelFor(route, user), prompt, tools, stopWhen: stepCountIs(3) });
  const steps = await result.steps;
  expect(steps.at(-1)?.text).toBe("It rains.");
  const [first, second] = await expectRecorded(user, route, 2, true);
  expect(toolCalls(first)).toEqual([
    { tool: weather.name, toolCallId: id, input: weather.input, injected: false },
  ]);
  expect(second?.interception.correlatingToolCallId).toBe(id);
  expect(prompts(second)).toEqual([]);
});

test.each(routes)("a provider's error is an error of the SDK over %s", async (route) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next(overloaded());
  const asking = generateText({ model: modelFor(route, user), prompt, maxRetries: 0 });
  await expect(asking).rejects.toMatchObject({ name: "AI_APICallError", statusCode: 529 });
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended).toMatchObject({ outcome: "INTERCEPTION_OUTCOME_FAILED", httpStatus: 529 });
});

test.each(routes)("a stream that the provider cuts short is an error over %s", async (route) => {
  const user = await gateway.newUser();
  gateway.planes.provider.next({
    content: "Hello, tests.",
    usage,
    delivery: { truncate: { afterEvents: 2 } },
  });
  const errors: unknown[] = [];
  const model = modelFor(route, user);
  const result = streamText({
    model,
    prompt,
    maxRetries: 0,
    onError: ({ error }) => void errors.push(error),
  });
  await result.consumeStream({ onError: (error) => void errors.push(error) });
  expect(errors).not.toHaveLength(0);
  const [recorded] = await user.recorded(1);
  expect(recorded?.ended).toMatchObject({
    outcome: "INTERCEPTION_OUTCOME_FAILED",
    errorType: "upstream_truncated",
  });
});
