import { type ProviderRequest, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { expect, test } from "vitest";
import { gatewayForClients, type User } from "./support/gateway.ts";
import { completed, expectTokensAsSent, prompts, thoughts, toolCalls } from "./support/recorded.ts";
import { type ClientRun, runClient } from "./support/run-client.ts";

const usage = { input: 31, output: 17, cacheRead: 2048, cacheWrite5m: 512, cacheWrite1h: 64 };
const command = "echo printed-$((40 + 2))";

/** Calls Bash when it is asked to, and tells the result. */
function script(request: ProviderRequest) {
  if (request.kind !== "messages") return undefined;
  const body = JSON.stringify(request.members);
  if (!body.includes("Use your shell")) return { content: "Hello from the model.", usage };
  if (body.includes('"tool_result"')) return { content: "The shell has answered.", usage };
  const call = toolCall("Bash", { command, description: "Prints" }, { id: `toolu_${unique()}` });
  return { content: [thinking("The user wants the shell."), text("Running it."), call], usage };
}

let calls = 0;
function unique(): string {
  calls += 1;
  return `claude_code_${calls}`;
}

const gateway = gatewayForClients({ provider: { script } });

function claude(user: User, prompt: string): Promise<ClientRun> {
  return runClient("claude", ["-p", prompt, "--output-format", "json", "--dangerously-skip-permissions"], {
    ANTHROPIC_BASE_URL: gateway.anthropicUrl,
    ANTHROPIC_AUTH_TOKEN: user.token,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    DISABLE_AUTOUPDATER: "1",
    IS_SANDBOX: "1",
  });
}

test("a text turn", async () => {
  const user = await gateway.newUser();
  const run = await claude(user, "Say hello to the tests.");
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const said = JSON.parse(run.stdout);
  expect(said.result).toBe("Hello from the model.");

  const records = await user.recorded(1);
  const [recorded] = records;
  expect(recorded?.interception).toMatchObject({
    initiatorId: user.actor,
    provider: "anthropic",
    providerName: "anthropic",
    route: "/v1/messages",
    streaming: true,
    client: "Claude Code",
    clientSessionId: said.session_id,
    userAgent: expect.stringMatching(/^claude-cli\/2\.1\.330/),
    credentialKind: "CREDENTIAL_KIND_CENTRALIZED",
  });
  expect(recorded?.interception).not.toHaveProperty("correlatingToolCallId");
  expect(recorded?.ended).toMatchObject(completed);
  expect(prompts(recorded)).toEqual(["Say hello to the tests."]);
  expect(recorded?.tokenUsages[0]?.extraTokenTypes).toMatchObject({
    "cache_creation.ephemeral_5m_input_tokens": "512",
    "cache_creation.ephemeral_1h_input_tokens": "64",
  });
  await expectTokensAsSent(gateway.planes, records);
  expect(await user.shown(recorded?.interception.id ?? "none")).toEqual(recorded);
});

test("a turn in which the model uses the client's shell", async () => {
  const user = await gateway.newUser();
  const run = await claude(user, "Use your shell for the tests.");
  expect(run, run.stderr).toMatchObject({ code: 0 });
  const said = JSON.parse(run.stdout);
  expect(said.result).toBe("The shell has answered.");

  const records = await user.recorded(2);
  const [calling, answering] = records;
  const callId = calling?.toolUsages[0]?.toolCallId;
  expect(toolCalls(calling)).toEqual([
    {
      tool: "Bash",
      toolCallId: expect.stringMatching(/^toolu_/),
      input: { command, description: "Prints" },
      injected: false,
    },
  ]);
  expect(thoughts(calling)).toEqual([["THOUGHT_SOURCE_THINKING", "The user wants the shell."]]);
  expect(prompts(calling)).toEqual(["Use your shell for the tests."]);
  expect(answering?.interception.correlatingToolCallId).toBe(callId);
  expect(prompts(answering)).toEqual([]);
  expect(toolCalls(answering)).toEqual([]);
  for (const recorded of records) {
    expect(recorded.interception).toMatchObject({ client: "Claude Code", clientSessionId: said.session_id });
    expect(recorded.ended).toMatchObject(completed);
  }
  await expectTokensAsSent(gateway.planes, records);

  const result = await gateway.planes.provider.waitFor((request) =>
    request.body.includes(`"tool_use_id":"${callId}"`),
  );
  expect(result.body.toString()).toContain("printed-42");
});

test("the provider sees its own key and never the token", async () => {
  const user = await gateway.newUser();
  await claude(user, "Whose key is it?");
  await user.recorded(1);
  const request = await gateway.planes.provider.waitFor((seen) => seen.body.includes("Whose key is it?"));
  expect(request.headers["x-api-key"]).toBe("sk-ant-central-0123456789abcdef");
  expect(request.rawHeaders.join("\n")).not.toContain(user.token);
});
