import { expect, test } from "vitest";
import { type Welcome, welcomeText } from "./welcome.ts";

const WELCOME: Welcome = {
  gatewayUrl: "http://127.0.0.1:8080",
  controlplaneUrl: "http://127.0.0.1:9090",
  token: "aib_x",
  actor: "alice",
  configFile: "data/aibridge.yaml",
  dataFolder: "/tmp/data",
  messagesProvider: "simulated",
  openaiProvider: "simulated-openai",
  simulated: true,
  cliFlags: "",
  seconds: 1.23,
};

test("says everything a newcomer pastes", () => {
  const text = welcomeText(WELCOME);
  for (const line of [
    "aibridge is ready after 1.2 s",
    "*** SIMULATED ***",
    "export ANTHROPIC_BASE_URL=http://127.0.0.1:8080/simulated",
    "export ANTHROPIC_AUTH_TOKEN=aib_x",
    'base_url = "http://127.0.0.1:8080/simulated-openai/v1"',
    'wire_api = "responses"',
    "export AIBRIDGE_TOKEN=aib_x",
    "curl http://127.0.0.1:8080/simulated/v1/messages",
    "npx aibridge interceptions list\n",
  ]) {
    expect(text).toContain(line);
  }
});

test("leaves out what the configuration has no provider for", () => {
  const text = welcomeText({
    ...WELCOME,
    simulated: false,
    messagesProvider: undefined,
    openaiProvider: "openai",
  });
  expect(text).not.toContain("SIMULATED");
  expect(text).not.toContain("ANTHROPIC");
  expect(text).toContain("curl http://127.0.0.1:8080/openai/v1/chat/completions");
  const none = welcomeText({ ...WELCOME, messagesProvider: undefined, openaiProvider: undefined });
  expect(none).not.toContain("curl");
  expect(none).toContain("No provider in the configuration");
});

test("says how to reach a control plane elsewhere", () => {
  const cliFlags = " --controlplane http://127.0.0.1:9999";
  expect(welcomeText({ ...WELCOME, cliFlags })).toContain(`npx aibridge interceptions list${cliFlags}\n`);
});
