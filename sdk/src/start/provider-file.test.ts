import { readConfigFile } from "@aibridge/proto/config-file";
import { expect, test } from "vitest";
import { providerFile } from "./provider-file.ts";

const origin = "http://127.0.0.1:4711";

async function providers(env: Record<string, string>, simulate: () => Promise<string>) {
  const text = await providerFile(env, simulate);
  for (const secret of Object.values(env).filter((value) => value !== "")) {
    expect(text).not.toContain(secret);
  }
  return readConfigFile(text, { file: "aibridge.yaml", env }).config.providers;
}

const neverSimulate = () => Promise.reject(new Error("a simulated provider was started"));

test("keys of the environment make providers, and stay in the environment", async () => {
  const env = { ANTHROPIC_API_KEY: "sk-ant-1", OPENAI_API_KEY: "sk-oai-1" };
  expect(await providers(env, neverSimulate)).toMatchObject([
    { name: "anthropic", keys: ["sk-ant-1"], baseUrl: "https://api.anthropic.com" },
    { name: "openai", keys: ["sk-oai-1"], baseUrl: "https://api.openai.com/v1" },
  ]);
});

test("one key makes one provider; an empty variable is no key", async () => {
  const env = { ANTHROPIC_API_KEY: "", OPENAI_API_KEY: "sk-oai-1" };
  expect(await providers(env, neverSimulate)).toMatchObject([{ name: "openai" }]);
});

test("without keys both kinds of API are simulated", async () => {
  expect(await providers({}, async () => origin)).toMatchObject([
    { name: "simulated", baseUrl: origin },
    { name: "simulated-openai", baseUrl: `${origin}/v1` },
  ]);
});
