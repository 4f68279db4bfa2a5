import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { type ModelAnswer, renderAnswer, text, thinking, toolCall } from "@aibridge/sdk/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainRecords } from "../support/plain-records.ts";
import { type ApiCase, apiModes, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Answers with everything in them that has boundaries: several parts, calls, thoughts, text that looks like protocol. */
const scripts: readonly ModelAnswer[] = [
  { id: "answer_1", content: "Fine, thank you." },
  {
    id: "answer_2",
    content: [
      thinking("Let me see.\n\nevent: message_stop\ndata: {}\n\n"),
      text("données 😀 \r\n\r\n data: [DONE]\n\n"),
      toolCall("Bash", { command: 'echo "data: [DONE]\\n\\n"' }),
      toolCall("Read", { path: "/tmp/ü" }),
    ],
    usage: { input: 100, output: 50, cacheRead: 20, cacheWrite: 10, reasoning: 30 },
    deltaLength: 5,
  },
  { id: "answer_3", content: "", usage: "missing" },
];

/** The bytes a provider would send for a script, made once: ids in them are random. */
function rendering(api: ApiCase, script: number, stream: boolean) {
  const key = `${api} ${stream} ${script}`;
  const known = renderings.get(key);
  if (known !== undefined) return known;
  const request = { model: "m", stream, stream_options: { include_usage: true } };
  const { body, headers } = renderAnswer(api, scripts[script] as ModelAnswer, request);
  const made = { key, headers, bytes: Buffer.concat(body) };
  renderings.set(key, made);
  return made;
}
const renderings = new Map<
  string,
  { key: string; headers: Readonly<Record<string, string | readonly string[]>>; bytes: Buffer }
>();

/** An answer of those bytes, cut at the given places. */
function cutAnswer({ bytes, headers }: ReturnType<typeof rendering>, cuts: readonly number[]) {
  const cutAt = [...new Set(cuts.map((cut) => 1 + (cut % Math.max(bytes.length - 1, 1))))].sort(
    (a, b) => a - b,
  );
  return { raw: { headers, body: bytes }, delivery: { cutAt } };
}

test("whatever the chunks, the client gets the same bytes and the same records are stored", async () => {
  const reference = new Map<string, unknown>();
  const story = fc.record({
    mode: fc.constantFrom(...apiModes),
    script: fc.integer({ min: 0, max: scripts.length - 1 }),
    cuts: fc.array(fc.nat(100_000), { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ mode: { api, stream }, script, cuts }) => {
      const rendered = rendering(api, script, stream);
      gateway.provider.next(cutAnswer(rendered, cuts));
      const response = await send(gateway, api, stream, {
        body: { stream_options: { include_usage: true } },
      });
      expect(Buffer.from(await response.arrayBuffer())).toEqual(rendered.bytes);
      const records = plainRecords(await gateway.interception(interceptionId(response)));
      if (!reference.has(rendered.key)) reference.set(rendered.key, records);
      expect(records).toEqual(reference.get(rendered.key));
    }),
    { numRuns: 150 },
  );
  expect(reference.size).toBeGreaterThan(10);
});

test.each(apiModes)("$api, stream $stream: cut at every single byte", async ({ api, stream }) => {
  const rendered = rendering(api, 1, stream);
  gateway.provider.next(cutAnswer(rendered, [...rendered.bytes.keys()]));
  const response = await send(gateway, api, stream, { body: { stream_options: { include_usage: true } } });
  expect(Buffer.from(await response.arrayBuffer())).toEqual(rendered.bytes);
  const { ended, tokenUsages } = await gateway.interception(interceptionId(response));
  expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
  expect(tokenUsages.map(({ source }) => source)).toEqual([UsageSource.REPORTED]);
});

test.each(apiNames)("%s: each event reaches the client before the provider sends the next", async (api) => {
  const hold = Promise.withResolvers<void>();
  gateway.provider.next({
    content: "one two three four",
    deltaLength: 4,
    delivery: { stall: { afterEvents: 3, until: hold.promise } },
  });
  const response = await send(gateway, api, true);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let seen = "";
  while (seen.split("\n\n").length <= 3) seen += Buffer.from((await reader.read()).value ?? []).toString();
  hold.resolve();
  while (!(await reader.read()).done);
  expect((await gateway.interception(interceptionId(response))).ended?.outcome).toBe(
    InterceptionOutcome.COMPLETED,
  );
});

test.each(apiNames)("%s: the headers of a stream do not wait for its first event", async (api) => {
  const hold = Promise.withResolvers<void>();
  gateway.provider.next({ content: "late", delivery: { stall: { until: hold.promise } } });
  const response = await send(gateway, api, true);
  expect(response.status).toBe(200);
  hold.resolve();
  await response.text();
});

test("request bytes go upstream as they came", async () => {
  const body =
    '{ "model":"claude-test" ,"max_tokens":1e2,"messages":[{"role":"user","content":"h\\u00e9"}],"x":1.0,"x":2}';
  const response = await fetch(`${gateway.url}/anthropic/v1/messages?beta=true`, {
    method: "POST",
    headers: {
      "X-Api-Key": gateway.token,
      "anthropic-version": "2023-06-01",
      "anthropic-beta": "a,b",
      "x-custom": "kept",
    },
    body,
  });
  await response.text();
  const seen = gateway.provider.requests.at(-1);
  expect(seen?.path).toBe("/v1/messages?beta=true");
  expect(seen?.body.toString()).toBe(body);
  expect(seen?.headers).toMatchObject({
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "a,b",
    "x-custom": "kept",
    "x-api-key": "sk-ant-central-0123456789abcdef",
    "accept-encoding": "identity",
  });
  expect(JSON.stringify(seen?.rawHeaders)).not.toContain(gateway.token);
});

test("a chat stream that did not ask for usage is asked for it, and the client does not see that", async () => {
  gateway.provider.next({ content: "hi", usage: { input: 7, output: 3 } });
  const response = await send(gateway, "chat", true);
  const body = await response.text();
  expect(gateway.provider.requests.at(-1)?.members).toMatchObject({
    stream_options: { include_usage: true },
  });
  expect(body).not.toMatch(/"usage":\{/);
  expect(body.trimEnd()).toMatch(/data: \[DONE\]$/);
  const { tokenUsages } = await gateway.interception(interceptionId(response));
  expect(tokenUsages).toMatchObject([{ inputTokens: 7n, outputTokens: 3n, source: UsageSource.REPORTED }]);
});

test("a compressed body is read and forwarded as it came", async () => {
  const { gzipSync } = await import("node:zlib");
  const body = gzipSync(
    JSON.stringify({ model: "claude-test", max_tokens: 1, messages: [{ role: "user", content: "zipped" }] }),
  );
  const response = await fetch(`${gateway.url}/anthropic/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": gateway.token, "content-encoding": "gzip" },
    body,
  });
  await response.text();
  expect(gateway.provider.requests.at(-1)?.body.equals(body)).toBe(true);
  const { promptUsages } = await gateway.interception(interceptionId(response));
  expect(promptUsages).toMatchObject([{ prompt: "zipped" }]);
});

test("other routes pass through", async () => {
  const headers = { "x-api-key": gateway.token };
  const models = await fetch(`${gateway.url}/anthropic/v1/models`, { headers });
  expect(models.status).toBe(200);
  expect(models.headers.get("x-aibridge-interception-id")).toBeNull();
  const counted = await fetch(`${gateway.url}/anthropic/v1/messages/count_tokens`, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "claude-test", messages: [] }),
  });
  expect(await counted.json()).toHaveProperty("input_tokens");
  expect(gateway.provider.requests.at(-1)?.headers["x-api-key"]).toBe("sk-ant-central-0123456789abcdef");
});
