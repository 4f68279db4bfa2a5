import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { httpError, redirect } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { apiModes, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway({
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
  - { name: patient, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 2 }
  - { name: nowhere, type: anthropic, base_url: "http://127.0.0.1:9", keys: [sk-ant-central-0123456789abcdef] }
timeouts: { first_byte: 2s, idle: 2s }
`,
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const never = new Promise<never>(() => {});
const anthropicShape = { type: "error", error: { type: expect.any(String), message: expect.any(String) } };

/** Reads what comes until the connection breaks. */
async function readBroken(response: Response): Promise<{ text: string; broken: boolean }> {
  let text = "";
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array>)
      text += Buffer.from(chunk).toString();
    return { text, broken: false };
  } catch {
    return { text, broken: true };
  }
}

test.each(apiModes)(
  "$api, stream $stream: a client that leaves cancels the upstream request at once",
  async ({ api, stream }) => {
    gateway.provider.next({
      content: "a b c",
      delivery: { stall: { afterEvents: stream ? 2 : 0, until: never } },
    });
    const leaving = new AbortController();
    const seen = gateway.provider.requests.length;
    const answer = send(gateway, api, stream, { signal: leaving.signal });
    const request = await gateway.provider.waitFor((one) => gateway.provider.requests.indexOf(one) === seen);
    if (stream) await (await answer).body?.getReader().read();
    leaving.abort();
    await answer.catch(() => undefined);
    const startedAt = performance.now();
    expect(await request.closed).toBe("aborted");
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const found = await eventually(async () => (await gateway.interceptions())[0]);
    const { ended, tokenUsages } = await gateway.interception(found.interception?.id ?? "");
    expect(ended?.outcome).toBe(InterceptionOutcome.CANCELLED_BY_CLIENT);
    expect(tokenUsages.map(({ source }) => source)).not.toContain(UsageSource.REPORTED);
  },
);

test.each(apiNames.flatMap((api) => (["end", "reset"] as const).map((ending) => ({ api, ending }))))(
  "$api: a stream that breaks off ($ending) is not passed off as whole",
  async ({ api, ending }) => {
    gateway.provider.next({
      content: "one two three",
      deltaLength: 4,
      delivery: { truncate: { afterEvents: 3, ending } },
    });
    const response = await send(gateway, api, true);
    const { text, broken } = await readBroken(response);
    expect(broken).toBe(true);
    if (api === "messages")
      expect(text).toMatch(/event: error\ndata: \{"type":"error","error":\{"type":"api_error"/);
    if (api === "chat") expect(text).toMatch(/data: \{"error":\{.*"code":"upstream_truncated"/);
    if (api === "responses") expect(text).toMatch(/event: error\n[\s\S]*event: response.failed\n/);
    expect(text).not.toMatch(/message_stop|\[DONE\]|response\.completed/);
    const { ended, tokenUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({
      outcome: InterceptionOutcome.FAILED,
      errorType: "upstream_truncated",
      httpStatus: 200,
    });
    // Only Anthropic says something of usage before the end.
    const known = api === "messages" ? UsageSource.PARTIAL : UsageSource.MISSING;
    expect(tokenUsages.map(({ source }) => source)).toEqual([known]);
  },
);

test("a stream that breaks off within an event still tells of the error", async () => {
  gateway.provider.next({
    content: "one two three",
    deltaLength: 4,
    delivery: { truncate: { afterBytes: 700 } },
  });
  const { text } = await readBroken(await send(gateway, "messages", true));
  expect(text).toMatch(/[^\n]\n\nevent: error\ndata: \{"type":"error"/);
});

test.each(apiNames)("%s: a body that breaks off before anything was relayed is a 502", async (api) => {
  gateway.provider.next({
    content: "one two three",
    delivery: { truncate: { afterBytes: 40, ending: "reset" } },
  });
  const response = await send(gateway, api, false);
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject(
    api === "messages" ? anthropicShape : { error: { code: "upstream_truncated" } },
  );
  const { ended } = await gateway.interception(interceptionId(response));
  expect(ended).toMatchObject({
    outcome: InterceptionOutcome.FAILED,
    errorType: "upstream_truncated",
    httpStatus: 502,
  });
});

test.each(apiModes.flatMap((mode) => [400, 401, 429, 500, 529].map((status) => ({ ...mode, status }))))(
  "$api, stream $stream: upstream $status is relayed as it is",
  async ({ api, stream, status }) => {
    gateway.provider.next({ ...httpError(status), headers: { "retry-after": "7", "x-upstream": "yes" } });
    const response = await send(gateway, api, stream);
    expect(response.status).toBe(status);
    expect(response.headers.get("x-upstream")).toBe("yes");
    const body = (await response.json()) as { error: { type: string; code?: string } };
    const { ended, tokenUsages, promptUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.FAILED, httpStatus: status });
    expect([body.error.type, body.error.code]).toContain(ended?.errorType);
    expect(tokenUsages).toEqual([]);
    expect(promptUsages).toMatchObject([{ prompt: "How are you?", messageId: "" }]);
  },
);

test.each(apiNames)("%s: an error inside a stream is relayed and recorded", async (api) => {
  gateway.provider.next({
    content: "one two",
    failure: { type: "overloaded_error", message: "Overloaded", code: "server_error" },
  });
  const response = await send(gateway, api, true);
  const { text } = await readBroken(response);
  expect(text).toContain("Overloaded");
  const { ended } = await gateway.interception(interceptionId(response));
  expect(ended?.outcome).toBe(InterceptionOutcome.FAILED);
  expect(ended?.errorType).toMatch(/overloaded_error|server_error/);
  expect(ended?.errorMessage).toBe("Overloaded");
});

test.each(apiModes)(
  "$api, stream $stream: a redirect is neither followed nor relayed",
  async ({ api, stream }) => {
    gateway.provider.next(redirect("http://127.0.0.1:9/elsewhere"));
    const before = gateway.provider.requests.length;
    const response = await send(gateway, api, stream);
    expect(response.status).toBe(502);
    expect(response.headers.get("location")).toBeNull();
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(gateway.provider.requests.length).toBe(before + 1);
    const { ended } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.FAILED, errorType: "upstream_redirect" });
  },
);

test("a provider that cannot be reached is a 502", async () => {
  const response = await fetch(`${gateway.url}/nowhere/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": gateway.token },
    body: JSON.stringify({ model: "claude-test", messages: [] }),
  });
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject(anthropicShape);
  const { ended } = await gateway.interception(interceptionId(response));
  expect(ended).toMatchObject({
    outcome: InterceptionOutcome.FAILED,
    errorType: "upstream_unreachable",
    upstreamTurns: 0,
  });
});

test("a provider that stays silent is a 504, in mid-stream an error event", async () => {
  gateway.provider.next({ content: "x", delivery: { headersDelay: 60_000 } });
  const silent = await send(gateway, "messages", true);
  expect(silent.status).toBe(504);
  expect((await gateway.interception(interceptionId(silent))).ended).toMatchObject({
    errorType: "upstream_timeout",
    httpStatus: 504,
  });
  gateway.provider.next({ content: "one two", delivery: { stall: { afterEvents: 2, until: never } } });
  const stalled = await send(gateway, "messages", true);
  const { text, broken } = await readBroken(stalled);
  expect(broken).toBe(true);
  expect(text).toContain("event: error");
  expect((await gateway.interception(interceptionId(stalled))).ended).toMatchObject({
    errorType: "upstream_timeout",
    httpStatus: 200,
  });
});

test("a failed attempt is repeated before any byte was relayed, and counts once", async () => {
  gateway.provider.next(
    httpError(529),
    { content: "x", delivery: { dropBeforeHeaders: true } },
    { content: "at last", usage: { input: 3, output: 2 } },
  );
  const before = gateway.provider.requests.length;
  const response = await fetch(`${gateway.url}/patient/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": gateway.token },
    body: JSON.stringify({ model: "claude-test", messages: [{ role: "user", content: "again" }] }),
  });
  expect(response.status).toBe(200);
  expect(gateway.provider.requests.length).toBe(before + 3);
  const { ended, tokenUsages } = await gateway.interception(interceptionId(response));
  expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
  expect(tokenUsages).toMatchObject([{ inputTokens: 3n, outputTokens: 2n }]);
});

test("a slow client slows the provider down instead of filling memory", async () => {
  const big = "x".repeat(64 * 1024);
  const events = Array.from({ length: 800 }, () => `event: ping\ndata: ${big}\n\n`);
  gateway.provider.next({ raw: { headers: { "content-type": "text/event-stream" }, body: events } });
  const response = await send(gateway, "messages", true);
  const request = gateway.provider.requests.at(-1);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  // 50 MB do not fit into the sockets between: the provider cannot finish while nobody reads.
  const finished = await Promise.race([
    request?.closed,
    new Promise((resolve) => setTimeout(resolve, 500, "waiting")),
  ]);
  expect(finished).toBe("waiting");
  let received = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      received += part.value.length;
  } catch {
    // The stream has no terminal event, so the gateway breaks it off at its end.
  }
  expect(received).toBeGreaterThan(45_000_000);
});
