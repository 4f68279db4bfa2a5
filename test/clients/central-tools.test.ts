import { type ProviderRequest, text, thinking, toolCall } from "@aibridge/sdk/testing";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";
import { runClient } from "./support/run-client.ts";

/** A model that reads a page of the company's wiki with a central tool before it answers, twice if it may. */
function script(request: ProviderRequest) {
  const body = JSON.stringify(request.members);
  const isAsked = body.includes("Look it up") || request.members.previous_response_id !== undefined;
  if (!isAsked || !body.includes("bmcp_wiki_read")) return { content: "Nothing to do." };
  const call = (page: string) => toolCall("bmcp_wiki_read", { text: page }, { id: `call_${page}` });
  const usage = { input: 100, output: 10 };
  if (body.includes("the page says three")) return { content: [text("Found 42.")], usage };
  const stop = "tool_use" as const;
  if (body.includes("the page says two")) return { content: [call("three")], stop, usage };
  return {
    content: [thinking("I need two pages."), text("Looking. "), call("one"), call("two")],
    stop,
    usage,
  };
}

let wiki: GenerationServer;
let gateway: GatewayUnderTest;
beforeAll(async () => {
  wiki = await mcpGenerations.stateful([
    { name: "read", description: "Reads a page.", run: (page) => `the page says ${page}` },
  ]);
  gateway = await useGateway({
    provider: { script, strict: true },
    config: (url) => centralToolsConfig(url, { wiki: wiki.url }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

/** The interception of a model name that this test alone used, once it has ended. */
function recorded(model: string) {
  return eventually(async () => {
    const { interceptions } = await gateway.usage.listInterceptions({ model, includeRecords: true });
    return interceptions.find(({ ended, toolUsages }) => ended !== undefined && toolUsages.length > 0);
  });
}

async function expectThreeCalls(model: string) {
  const { ended, toolUsages, tokenUsages } = await recorded(model);
  expect(ended?.upstreamTurns).toBe(3);
  expect(tokenUsages).toHaveLength(3);
  expect(toolUsages.map(({ tool, injected, invocationError }) => [tool, injected, invocationError])).toEqual(
    Array.from({ length: 3 }, () => ["read", true, undefined]),
  );
}

test("Claude Code completes a task whose model uses central tools, and sees no sign of them", async () => {
  const prompt = "Look it up in the wiki.";
  const args = [
    "-p",
    prompt,
    "--output-format",
    "stream-json",
    "--verbose",
    "--dangerously-skip-permissions",
  ];
  const run = await runClient("claude", [...args, "--model", "claude-central"], {
    ANTHROPIC_BASE_URL: `${gateway.url}/anthropic`,
    ANTHROPIC_AUTH_TOKEN: gateway.token,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_AUTOUPDATER: "1",
    IS_SANDBOX: "1",
  });
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const lines = run.stdout.split("\n").filter((line) => line.startsWith("{"));
  const result = lines.map((line) => JSON.parse(line)).find(({ type }) => type === "result");
  expect(result).toMatchObject({ is_error: false, result: expect.stringContaining("Found 42.") });
  expect(run.stdout).not.toContain("bmcp_");
  await expectThreeCalls("claude-central");
});

test("Codex completes a task whose model uses central tools, and sees no sign of them", async () => {
  const config = `model = "gpt-central-codex"
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "${gateway.url}/openai/v1"
env_key = "GATEWAY_TOKEN"
wire_api = "responses"
`;
  const args = [
    "exec",
    "--json",
    "--skip-git-repo-check",
    "-s",
    "danger-full-access",
    "Look it up in the wiki.",
  ];
  const run = await runClient(
    "codex",
    args,
    { GATEWAY_TOKEN: gateway.token },
    { ".codex/config.toml": config },
  );
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(run.stdout).toContain("Found 42.");
  expect(run.stdout).not.toContain("bmcp_");
  await expectThreeCalls("gpt-central-codex");
});

describe.each([false, true])("stream: %s", (stream) => {
  test("the Anthropic SDK gathers one message", async () => {
    const client = new Anthropic({
      baseURL: `${gateway.url}/anthropic`,
      authToken: gateway.token,
      apiKey: null,
      maxRetries: 0,
    });
    const model = `claude-sdk-${stream}`;
    const request = {
      model,
      max_tokens: 1000,
      messages: [{ role: "user" as const, content: "Look it up." }],
    };
    const message = stream
      ? await client.messages.stream(request).finalMessage()
      : await client.messages.create(request);
    const said = message.content.map((block) => (block.type === "text" ? block.text : block.type));
    expect(said.join(" ")).toContain("Found 42.");
    expect(said).not.toContain("tool_use");
    expect(message.stop_reason).toBe("end_turn");
    expect(message.usage.output_tokens).toBe(30);
    await expectThreeCalls(model);
  });

  test("the OpenAI SDK gathers one chat completion", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/openai/v1`, apiKey: gateway.token, maxRetries: 0 });
    const model = `gpt-chat-${stream}`;
    const request = { model, messages: [{ role: "user" as const, content: "Look it up." }] };
    const completion = stream
      ? await client.chat.completions.stream(request).finalChatCompletion()
      : await client.chat.completions.create(request);
    const [choice] = completion.choices;
    expect(choice?.message.content).toContain("Found 42.");
    expect(choice?.message.tool_calls ?? []).toEqual([]);
    expect(choice?.finish_reason).toBe("stop");
    await expectThreeCalls(model);
  });

  test.each([true, false])("the OpenAI SDK gathers one response (store: %s)", async (store) => {
    const client = new OpenAI({ baseURL: `${gateway.url}/openai/v1`, apiKey: gateway.token, maxRetries: 0 });
    const model = `gpt-responses-${stream}-${store}`;
    const request = { model, input: "Look it up.", store };
    const response = stream
      ? await client.responses.stream(request).finalResponse()
      : await client.responses.create(request);
    expect(response.output_text).toContain("Found 42.");
    expect(response.output.map(({ type }) => type)).not.toContain("function_call");
    expect(response.status).toBe("completed");
    await expectThreeCalls(model);
  });
});
