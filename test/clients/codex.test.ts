import { type ProviderRequest, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { expect, test } from "vitest";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, thoughts, toolCalls } from "./support/recorded.ts";
import { type ClientRun, runClient } from "./support/run-client.ts";

const usage = { input: 31, output: 17, cacheRead: 2048, cacheWrite: 64, reasoning: 9 };
const command = { cmd: "echo printed-$((40 + 2))" };

/** Calls the shell when it is asked to, and tells the result. */
function script(request: ProviderRequest) {
  if (request.kind !== "responses") return undefined;
  const body = JSON.stringify(request.members);
  if (!body.includes("Use your shell")) return { content: "Hello from the model.", usage };
  if (body.includes('"function_call_output"')) return { content: "The shell has answered.", usage };
  calls += 1;
  return {
    content: [
      thinking("", { summary: ["The user wants the shell."], encryptedContent: "ZW5j" }),
      text("I am going to run it.", { phase: "commentary" }),
      toolCall("exec_command", command, { id: `call_codex_${calls}` }),
    ],
    usage,
  };
}

let calls = 0;

const gateway = gatewayForClients({ provider: { script } });

function customProvider(): string {
  return `model = "gpt-5.2-codex"
model_provider = "gateway"
[model_providers.gateway]
name = "gateway"
base_url = "${gateway.openaiUrl}"
env_key = "GATEWAY_TOKEN"
wire_api = "responses"
`;
}

function codex(config: string, prompt: string, env: Readonly<Record<string, string>>): Promise<ClientRun> {
  const args = ["exec", "--json", "--skip-git-repo-check", "-s", "danger-full-access", prompt];
  return runClient("codex", args, env, { ".codex/config.toml": config });
}

/** The events that `codex exec --json` prints, a line each. */
function printed(
  run: ClientRun,
): { type: string; thread_id?: string; item?: { type: string; text?: string } }[] {
  return run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

function said(run: ClientRun): (string | undefined)[] {
  return printed(run)
    .filter(({ type, item }) => type === "item.completed" && item?.type === "agent_message")
    .map(({ item }) => item?.text);
}

function threadId(run: ClientRun): string | undefined {
  return printed(run).find(({ type }) => type === "thread.started")?.thread_id;
}

async function expectCodex(user: User, run: ClientRun, count: number) {
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const records = await user.recorded(count);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({
      initiatorId: user.actor,
      provider: "openai",
      providerName: "openai",
      route: "/v1/responses",
      streaming: true,
      client: "Codex",
      clientSessionId: threadId(run),
      userAgent: expect.stringMatching(/^codex_exec\/0\.169\.0/),
    });
    expect(recorded.ended).toMatchObject(completed);
  }
  await expectTokensAsSent(gateway.planes, records);
  return records;
}

/** How many WebSocket upgrades the data plane has refused so far. */
async function upgradesRefused(): Promise<number> {
  const metrics = await (await fetch(`${gateway.planes.adminUrl}/metrics`)).text();
  return Number(/^aibridge_refusals_total\{code="websocket_not_supported"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

test("a text turn", async () => {
  const user = await gateway.newUser();
  const run = await codex(customProvider(), "Say hello to the tests.", { GATEWAY_TOKEN: user.token });
  const [recorded] = await expectCodex(user, run, 1);
  expect(said(run)).toEqual(["Hello from the model."]);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
  expect(recorded?.tokenUsages[0]?.extraTokenTypes).toMatchObject({
    "output_tokens_details.reasoning_tokens": "9",
  });
});

test("a turn in which the model uses the client's shell", async () => {
  const user = await gateway.newUser();
  const run = await codex(customProvider(), "Use your shell for the tests.", { GATEWAY_TOKEN: user.token });
  const [calling, answering] = await expectCodex(user, run, 2);
  expect(said(run).at(-1)).toBe("The shell has answered.");
  const callId = calling?.toolUsages[0]?.toolCallId;
  expect(toolCalls(calling)).toEqual([
    {
      tool: "exec_command",
      toolCallId: expect.stringMatching(/^call_codex_/),
      input: command,
      injected: false,
    },
  ]);
  expect(thoughts(calling)).toEqual([
    ["THOUGHT_SOURCE_REASONING_SUMMARY", "The user wants the shell."],
    ["THOUGHT_SOURCE_COMMENTARY", "I am going to run it."],
  ]);
  expect(prompts(calling)).toEqual(["Use your shell for the tests."]);
  expect(answering?.interception.correlatingToolCallId).toBe(callId);
  expect(prompts(answering)).toEqual([]);

  const result = await gateway.planes.provider.waitFor(
    ({ body }) => body.includes("function_call_output") && body.includes(`${callId}`),
  );
  expect(result.body.toString()).toContain("printed-42");
});

test("its built-in provider: the WebSocket it tries first is refused, and it posts at once", async () => {
  const user = await gateway.newUser();
  const refused = await upgradesRefused();
  const config = `model = "gpt-5.2-codex"\nopenai_base_url = "${gateway.openaiUrl}"\n`;
  const run = await codex(config, "Say hello to the tests.", { CODEX_API_KEY: user.token });
  const [recorded] = await expectCodex(user, run, 1);
  expect(said(run)).toEqual(["Hello from the model."]);
  expect(await upgradesRefused()).toBeGreaterThan(refused);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
});
