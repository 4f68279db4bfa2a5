import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilMetric } from "../support/gateway-metrics.ts";
import { apiCases, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const providers = (url: string, unanswered: string) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
  - { name: named, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], send_actor_headers: true }
  - { name: mute, type: anthropic, base_url: "${unanswered}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
`;
const limits = `
limits: { concurrency: 3, per_actor_concurrency: 2, buffered_bytes: 1MiB }
timeouts: { connect: 1s }
recording: { max_content_bytes: 16B, content: { prompts: true, thoughts: false, tool_inputs: false } }
`;

/** Accepts connections and never says a word: a TLS handshake with it hangs. */
const mute = createServer((socket) => socket.on("error", () => socket.destroy()));
let gateway: GatewayUnderTest;
let bob: string;
beforeAll(async () => {
  mute.listen(0, "127.0.0.1");
  await once(mute, "listening");
  const address = mute.address();
  const port = typeof address === "object" ? address?.port : 0;
  gateway = await useGateway({
    config: (url) => providers(url, `https://127.0.0.1:${port}`) + limits,
  });
  const created = await gateway.run("tokens", "create", "--actor", "bøb", "--json");
  bob = JSON.parse(created.stdout).token;
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  mute.close();
});

/** Answers that wait until they are told to go on. */
function holdAnswers(count: number): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (let i = 0; i < count; i += 1)
    gateway.provider.next({ content: "held", delivery: { stall: { until: promise } } });
  return resolve;
}

const asBob = () => ({ headers: { authorization: `Bearer ${bob}` } });

test.each(apiNames)("%s: more requests at once than one user may have are a 429", async (api) => {
  const before = gateway.provider.requests.length;
  const release = holdAnswers(2);
  const held = [send(gateway, api, false), send(gateway, api, true)];
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 2);
  const refused = await send(gateway, api, false);
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(refused.headers.get("x-should-retry")).toBeNull();
  expect(refused.headers.get("x-aibridge-interception-id")).toBeNull();
  expect(await refused.json()).toMatchObject({ error: { type: "rate_limit_error" } });

  const other = send(gateway, api, false, asBob());
  expect((await other).status).toBe(200);
  release();
  for (const answer of await Promise.all(held)) await answer.text();
  expect(gateway.provider.requests.length).toBe(before + 3);
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
  const again = await send(gateway, api, false);
  expect(again.status).toBe(200);
  await again.text();
});

test.each(apiNames)("%s: more requests at once than the gateway takes are a 503", async (api) => {
  const release = holdAnswers(3);
  const held = [send(gateway, api, false), send(gateway, api, false), send(gateway, api, true, asBob())];
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 3);
  const refused = await send(gateway, api, false, asBob());
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  expect(await refused.json()).toMatchObject({
    error: { type: api === "messages" ? "overloaded_error" : "server_error" },
  });
  const stranger = await send(gateway, api, false, { headers: { authorization: "Bearer aib_unknown" } });
  expect(stranger.status).toBe(401);
  release();
  for (const answer of await Promise.all(held)) await answer.text();
});

test("request bodies in memory are bounded together, and their room is given back", async () => {
  const large = { metadata: { filler: "x".repeat(700_000) } };
  const release = holdAnswers(1);
  const held = send(gateway, "messages", false, { body: large });
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 1);
  const refused = await send(gateway, "messages", false, { body: large });
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("1");
  const small = await send(gateway, "messages", false);
  expect(small.status).toBe(200);
  release();
  expect((await held).status).toBe(200);
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
  expect((await send(gateway, "messages", false, { body: large })).status).toBe(200);
});

test("a provider that does not finish its handshake is a 502 after timeouts.connect", async () => {
  const startedAt = performance.now();
  const response = await fetch(`${gateway.url}/mute/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": gateway.token },
    body: JSON.stringify(apiCases.messages.body),
  });
  expect(response.status).toBe(502);
  const elapsed = performance.now() - startedAt;
  expect(elapsed).toBeGreaterThan(900);
  expect(elapsed).toBeLessThan(5_000);
  const { ended } = await gateway.interception(interceptionId(response));
  expect(ended?.errorType).toBe("upstream_unreachable");
});

test("send_actor_headers tells the provider who is calling, in ASCII; a client cannot say so itself", async () => {
  const response = await fetch(`${gateway.url}/named/v1/messages`, {
    method: "POST",
    headers: {
      "x-api-key": bob,
      "x-ai-bridge-actor-id": "mallory",
      "x-ai-bridge-actor-metadata-team": "root",
    },
    body: JSON.stringify(apiCases.messages.body),
  });
  await response.text();
  const seen = gateway.provider.requests.at(-1)?.headers;
  expect(seen?.["x-ai-bridge-actor-id"]).toBe("b%C3%B8b");
  expect(seen?.["x-ai-bridge-actor-metadata-team"]).toBeUndefined();
  await (await send(gateway, "messages", false)).text();
  expect(gateway.provider.requests.at(-1)?.headers["x-ai-bridge-actor-id"]).toBeUndefined();
});

test.each(apiNames)(
  "%s: content is cut and left out as configured, the client sees all of it",
  async (api) => {
    const thought = { type: "thinking", text: "a secret thought" } as const;
    const call = { type: "tool_call", name: "Bash", input: { command: "cat /etc/shadow" } } as const;
    gateway.provider.next({ content: [thought, call] });
    const prompt = "fifteen bytes: 😀 and more";
    const body = api === "responses" ? { input: prompt } : { messages: [{ role: "user", content: prompt }] };
    const response = await send(gateway, api, true, { body });
    expect(await response.text()).toContain("/etc/shadow");
    const { promptUsages, modelThoughts, toolUsages } = await gateway.interception(interceptionId(response));
    expect(promptUsages).toMatchObject([
      { prompt: "fifteen bytes: ", metadata: { truncated_bytes: Buffer.byteLength(prompt) - 15 } },
    ]);
    expect(modelThoughts).toMatchObject([{ content: "" }]);
    expect(modelThoughts[0]?.metadata).toBeUndefined();
    expect(toolUsages).toMatchObject([{ tool: "Bash", input: "" }]);
  },
);

test("content switches apply to the next request when the configuration changes", async () => {
  const changed = limits.replace("prompts: true, thoughts: false", "prompts: false, thoughts: true");
  gateway.writeConfig(providers(gateway.provider.url, "https://127.0.0.1:9") + changed);
  for (;;) {
    gateway.provider.next({ content: [{ type: "thinking", text: "shown" }] });
    const response = await send(gateway, "messages", false);
    await response.text();
    const { promptUsages, modelThoughts } = await gateway.interception(interceptionId(response));
    if (promptUsages[0]?.prompt !== "") continue;
    expect(modelThoughts).toMatchObject([{ content: "shown" }]);
    return;
  }
});
