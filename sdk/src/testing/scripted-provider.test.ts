import { request as httpRequest } from "node:http";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { httpError, overloaded, redirect, toolCall } from "./parts.ts";
import { type ScriptedProviderOptions, startScriptedProvider } from "./scripted-provider.ts";

async function start(options: ScriptedProviderOptions = {}) {
  const provider = await startScriptedProvider(options);
  onTestFinished(() => provider.close());
  const post = (path: string, body: object | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${provider.url}${path}`, {
      method: "POST",
      headers,
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
      redirect: "manual",
    });
  return { provider, post };
}

/** The status that a WebSocket upgrade is answered with. */
function upgrade(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest(url, { headers: { connection: "upgrade", upgrade: "websocket" } });
    asking.once("response", (response) => resolve(response.resume().statusCode));
    asking.once("error", reject).end();
  });
}

const modelPaths = ["/v1/messages", "/v1/chat/completions", "/v1/responses"] as const;

test.each(modelPaths)("%s answers a text to anything, in both forms", async (path) => {
  const { provider, post } = await start();
  const whole = await post(path, { model: "m" });
  expect(whole.headers.get("content-type")).toBe("application/json");
  expect(await whole.text()).toContain("This is a simulated answer");
  const streamed = await post(path, { model: "m", stream: true });
  expect(streamed.headers.get("content-type")).toContain("text/event-stream");
  expect(await streamed.text()).toContain('"This is a simula');
  await provider.settled();
  expect(provider.totals.answers).toBe(2);
  expect(provider.totals.sum.input).toBeGreaterThan(0);
});

test("queued answers go before the script, one call of a model each", async () => {
  const { provider, post } = await start({ script: () => ({ content: "from the script" }) });
  provider.next(
    { content: "first" },
    (request) => ({ content: `second, to ${request.members.model}` }),
    overloaded(),
  );
  await fetch(`${provider.url}/v1/models`);
  const texts: string[] = [];
  for (let call = 0; call < 4; call++) texts.push(await (await post("/v1/messages", { model: "m" })).text());
  expect(texts[0]).toContain('"first"');
  expect(texts[1]).toContain('"second, to m"');
  expect(texts[2]).toContain('"overloaded_error"');
  expect(texts[3]).toContain('"from the script"');
});

test("a script sees the request as it came", async () => {
  const { provider, post } = await start();
  const body = Buffer.from('{ "model": "m",  "x": 1.0 }');
  await (
    await post("/v1/messages?beta=true", body, { "X-Test": "Yes", authorization: "Bearer k" })
  ).arrayBuffer();
  const [request] = provider.requests;
  expect(request).toMatchObject({
    kind: "messages",
    method: "POST",
    path: "/v1/messages?beta=true",
    members: { model: "m", x: 1 },
    body,
  });
  expect(request?.headers["x-test"]).toBe("Yes");
  expect(request?.rawHeaders).toContain("Bearer k");
});

test.each([
  ["gzip", gzipSync],
  ["zstd", zstdCompressSync],
] as const)("a %s body is kept as it came and decoded to be read", async (encoding, encode) => {
  const { provider, post } = await start();
  const body = encode(Buffer.from('{"model":"m"}'));
  await (await post("/v1/responses", body, { "content-encoding": encoding })).arrayBuffer();
  expect(provider.requests[0]?.body).toEqual(body);
  expect(provider.requests[0]?.json).toEqual({ model: "m" });
});

test("a body that is no JSON is still answered", async () => {
  const { provider, post } = await start();
  expect((await post("/v1/messages", Buffer.from("not json"))).status).toBe(200);
  expect(provider.requests[0]?.json).toBeUndefined();
  expect(provider.requests[0]?.members).toEqual({});
});

test("totals list the usage of every answer that was sent whole", async () => {
  const { provider, post } = await start();
  const usage = { input: 3, output: 2, cacheRead: 10, cacheWrite5m: 4, cacheWrite1h: 1 };
  provider.next(
    { id: "msg_a", content: "a", usage },
    { id: "resp_b", content: "b", usage: "missing" },
    { id: "c", content: "c", delivery: { truncate: { afterEvents: 1 } } },
    { id: "d", content: "d", failure: { type: "api_error", message: "no" } },
    { id: "e", content: "e", failure: { type: "api_error", message: "no" } },
  );
  await (await post("/v1/messages", { stream: true })).text();
  await (await post("/v1/responses", {})).text();
  await (await post("/v1/chat/completions", { stream: true })).text();
  await (await post("/v1/messages", {})).text();
  await (await post("/v1/responses", { stream: true })).text();
  await provider.settled();
  expect(provider.totals.answers).toBe(2);
  expect([...provider.totals.usage]).toEqual([
    ["msg_a", { ...usage, cacheWrite: 5 }],
    ["resp_b", undefined],
  ]);
  expect(provider.totals.sum).toEqual({ ...usage, cacheWrite: 5 });
});

test("raw answers: any status, headers and bytes; redirects", async () => {
  const { provider, post } = await start();
  provider.next(
    { raw: { status: 418, headers: { "x-a": ["1", "2"] }, body: new Uint8Array([0, 255]) } },
    redirect("http://127.0.0.1:1/elsewhere"),
  );
  const raw = await post("/v1/messages", {});
  expect([raw.status, raw.headers.get("x-a")]).toEqual([418, "1, 2"]);
  expect([...new Uint8Array(await raw.arrayBuffer())]).toEqual([0, 255]);
  const redirected = await post("/v1/messages", {});
  expect([redirected.status, redirected.headers.get("location")]).toEqual([
    307,
    "http://127.0.0.1:1/elsewhere",
  ]);
});

test("models are listed in the shape of the API that asks", async () => {
  const { provider } = await start();
  const openAi = (await (await fetch(`${provider.url}/v1/models`)).json()) as { data: { id: string }[] };
  expect(openAi).toMatchObject({
    object: "list",
    data: [{ object: "model", owned_by: "scripted" }, {}, {}, {}, {}, {}],
  });
  const headers = { "anthropic-version": "2023-06-01" };
  const anthropic = await (await fetch(`${provider.url}/v1/models`, { headers })).json();
  expect(anthropic).toMatchObject({ has_more: false, data: [{ type: "model" }, {}, {}, {}, {}, {}] });
  const one = await fetch(`${provider.url}/v1/models/${openAi.data[0]?.id}`);
  expect(await one.json()).toEqual(openAi.data[0]);
  expect((await fetch(`${provider.url}/v1/models/none`)).status).toBe(404);
});

test("other routes: token counts, an echo without credentials, no WebSocket", async () => {
  const { provider, post } = await start();
  const count = await (await post("/v1/messages/count_tokens", { messages: [] })).json();
  expect(count).toEqual({ input_tokens: 4 });
  const echoed = await post("/v1/embeddings?x=1", { input: "y" }, { authorization: "Bearer secret" });
  const text = await echoed.text();
  expect(JSON.parse(text)).toEqual({ method: "POST", path: "/v1/embeddings?x=1", body: { input: "y" } });
  expect(text).not.toContain("secret");
  const head = await fetch(provider.url, { method: "HEAD" });
  expect(head.status).toBe(200);
  expect(await upgrade(`${provider.url}/v1/responses`)).toBe(426);
});

test("a script can fail what calls no model, and its model answers are not for these", async () => {
  const { provider, post } = await start({
    script: (request) =>
      request.kind === "count_tokens" ? httpError(401, "bad key") : { content: [toolCall("x", {})] },
  });
  const refused = await post("/v1/messages/count_tokens", {});
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ type: "error", error: { type: "authentication_error" } });
  expect((await fetch(`${provider.url}/v1/models`)).status).toBe(200);
});

test("a script that throws is seen by whoever asked", async () => {
  const { post } = await start({
    script: () => {
      throw new Error("mistake in the test");
    },
  });
  const response = await post("/v1/messages", {});
  expect(response.status).toBe(500);
  expect(await response.text()).toContain("mistake in the test");
});

test("waiting for a request that never comes tells what was seen", async () => {
  const { provider, post } = await start();
  await (await post("/v1/messages", {})).text();
  await provider.waitFor(({ state }) => state === "finished");
  const waiting = provider.waitFor(({ kind }) => kind === "chat", 1);
  await expect(waiting).rejects.toThrow("no such request within 1 ms; seen: POST /v1/messages (finished)");
});

test("a provider that runs long keeps only its last requests", async () => {
  const { provider, post } = await start({ keepRequests: 2 });
  for (const name of ["a", "b", "c"]) await (await post(`/v1/${name}`, {})).text();
  await provider.settled();
  expect(provider.requests.map(({ path }) => path)).toEqual(["/v1/b", "/v1/c"]);
});

test("a provider is disposed of with its open connections", async () => {
  const hanging = startScriptedProvider({ script: () => ({ content: "x", delivery: { stall: {} } }) });
  let answer: Promise<string>;
  {
    await using provider = await hanging;
    const response = await fetch(`${provider.url}/v1/messages`, { method: "POST", body: '{"stream":true}' });
    answer = response.text();
    answer.catch(() => {});
  }
  await expect(answer).rejects.toThrow();
});
