import { type Part, type Script, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";
import { runClient } from "./support/run-client.ts";

/** Conversations of several requests, with calls of both kinds, in front of a provider that is as strict as the real ones. */

const prompt = "Look it up, and use your shell.";
const central = (page: string): Part => toolCall("bmcp_wiki_read", { text: page });
/** What the model says next in the conversation of the task. */
let steps: Part[][];
let wiki: GenerationServer;
let gateway: GatewayUnderTest;

/** Clients ask other things beside the task: those requests have no central tools. */
const script: Script = ({ members }) => {
  const body = JSON.stringify(members);
  const isTask = body.includes(prompt) && body.includes("bmcp_wiki_read");
  return { content: (isTask && steps.shift()) || "Nothing to do." };
};

beforeAll(async () => {
  wiki = await mcpGenerations.modern([{ name: "read", run: (page) => `the page says ${page}` }]);
  gateway = await useGateway({
    provider: { script, strict: true },
    config: (url) => centralToolsConfig(url, { wiki: wiki.url }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

let before: number;
beforeEach(() => {
  before = gateway.provider.requests.length;
});

/** What the provider did not answer as asked. */
function refused() {
  const since = gateway.provider.requests.slice(before);
  return since.filter(
    ({ kind, answerId }) => ["messages", "responses"].includes(kind) && answerId === undefined,
  );
}

/** @param shell a call of the client's own tool */
function task(shell: () => Part): Part[][] {
  return [
    [thinking("I need both."), central("one"), shell(), central("two")],
    [thinking("Again."), central("one"), central("two")],
    [thinking("Now the shell."), text("Going on. "), shell()],
    [thinking("One more page."), central("three")],
    [thinking("And the shell."), shell()],
    [thinking("That is all."), text("Found 42.")],
  ];
}

test("Claude Code repeats what it saw, and is never refused", async () => {
  steps = task(() => toolCall("Bash", { command: "echo found", description: "Prints" }));
  const args = [
    "-p",
    prompt,
    "--output-format",
    "stream-json",
    "--verbose",
    "--dangerously-skip-permissions",
  ];
  const run = await runClient("claude", args, {
    ANTHROPIC_BASE_URL: `${gateway.url}/anthropic`,
    ANTHROPIC_AUTH_TOKEN: gateway.token,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_AUTOUPDATER: "1",
    IS_SANDBOX: "1",
  });
  expect(run, run.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("Found 42.") });
  expect(run.stdout).not.toContain("bmcp_");
  expect(steps).toEqual([]);
  expect(refused()).toEqual([]);
});

test("Codex repeats what it saw, and is never refused", async () => {
  steps = task(() => toolCall("exec_command", { cmd: "echo found" }));
  const config = `model = "gpt-central-codex"
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "${gateway.url}/openai/v1"
env_key = "GATEWAY_TOKEN"
wire_api = "responses"
`;
  const args = ["exec", "--json", "--skip-git-repo-check", "-s", "danger-full-access", prompt];
  const env = { GATEWAY_TOKEN: gateway.token };
  const run = await runClient("codex", args, env, { ".codex/config.toml": config });
  expect(run, run.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("Found 42.") });
  expect(run.stdout).not.toContain("bmcp_");
  expect(steps).toEqual([]);
  expect(refused()).toEqual([]);
});
