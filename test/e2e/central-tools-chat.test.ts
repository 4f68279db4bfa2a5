import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { type ModelAnswer, text, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
let wiki: GenerationServer;

beforeAll(async () => {
  wiki = await mcpGenerations.modern([{ name: "read", run: (page) => `page ${page}` }]);
  gateway = await useGateway({
    config: (url) => `
providers:
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
mcp_servers:
  - { name: wiki, url: "${wiki.url}" }
mcp: { max_turns: 2 }
`,
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

const looking: ModelAnswer = {
  id: "turn_1",
  content: [text("Let me look."), toolCall("bmcp_wiki_read", { text: "home" }, { id: "call_1" })],
  usage: { input: 100, output: 20 },
};

test("usage is asked for in every turn, recorded for every turn, and not shown to a client that did not ask", async () => {
  gateway.provider.next(looking, { id: "turn_2", content: "Home.", usage: { input: 150, output: 10 } });
  const response = await send(gateway, "chat", true);
  const id = interceptionId(response);
  expect(await response.clone().text()).not.toContain("prompt_tokens");
  expect((await readClientAnswer("chat", response)).texts).toEqual(["Let me look.Home."]);
  expect(gateway.provider.requests.slice(-2).map(({ members }) => members.stream_options)).toEqual([
    { include_usage: true },
    { include_usage: true },
  ]);
  const { tokenUsages } = await gateway.interception(id);
  expect(tokenUsages.map(({ messageId, source }) => [messageId, source])).toEqual([
    ["turn_1", UsageSource.REPORTED],
    ["turn_2", UsageSource.REPORTED],
  ]);
});

test.each([false, true])(
  "the last turn forbids calls, and what is called in it is not run (stream: %s)",
  async (stream) => {
    gateway.provider.next(looking, { ...looking, id: "turn_2" });
    const response = await send(gateway, "chat", stream);
    const answer = await readClientAnswer("chat", response);
    expect(answer).toMatchObject({ texts: ["Let me look.Let me look."], calls: [], stop: "stop" });
    const [first, last] = gateway.provider.requests.slice(-2);
    expect(first?.members).not.toHaveProperty("tool_choice");
    expect(last?.members).toMatchObject({ tool_choice: "none", tools: first?.members.tools });
    const { ended, toolUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.COMPLETED, upstreamTurns: 2 });
    expect(toolUsages.map(({ messageId, invocationError }) => [messageId, invocationError]).sort()).toEqual([
      ["turn_1", undefined],
      ["turn_2", "not_run_turn_limit"],
    ]);
  },
);

test("a server without [DONE] and with usage beside its choices is followed too", async () => {
  const compatible = { chat: { done: false, usagePlacement: "beside-choices" } } as const;
  gateway.provider.next(
    { ...looking, ...compatible },
    { id: "turn_2", content: "Home.", usage: { input: 150, output: 10 }, ...compatible },
  );
  const response = await send(gateway, "chat", true);
  const told = await response.text();
  expect(told).not.toContain("[DONE]");
  expect(told.match(/"finish_reason":"[a-z_]+"/g)).toEqual(['"finish_reason":"stop"']);
  expect(told).toContain('"usage":{"prompt_tokens":150,"completion_tokens":30,"total_tokens":180');
});

test("a failure in the middle of a later turn is told in the stream, and the earlier turn stays reported", async () => {
  const failure = { type: "server_error", message: "out of order" };
  gateway.provider.next(looking, { id: "turn_2", content: "Home.", failure });
  const response = await send(gateway, "chat", true);
  const told = await response.text();
  expect(told).toContain('"content":"Home."');
  expect(told).toContain("out of order");
  expect(told).not.toContain("[DONE]");
  const { ended, tokenUsages } = await gateway.interception(interceptionId(response));
  expect(ended).toMatchObject({ outcome: InterceptionOutcome.FAILED, errorType: "server_error" });
  expect(tokenUsages.map(({ messageId, source }) => [messageId, source])).toEqual([
    ["turn_1", UsageSource.REPORTED],
    ["turn_2", UsageSource.MISSING],
  ]);
});
