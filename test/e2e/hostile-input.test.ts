import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { InterceptionOutcome } from "@aibridge/proto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ExpectedRefusal, expectRefusal, seenBy } from "../support/expect-refusal.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { type ApiCase, apiCases, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
let pid: number;
/** Interceptions and requests of the provider that there must be in the end. */
let expected = 0;
beforeAll(async () => {
  gateway = await useGateway();
  pid = gateway.dataPlane.pid;
});
afterAll(() => gateway[Symbol.asyncDispose]());

beforeEach(() => {
  expected = gateway.provider.requests.length;
});

/** Whatever came before: the gateway serves, nothing is under way, and nothing was begun that was not meant to be. */
afterEach(async () => {
  const healthy = await send(gateway, "messages", false);
  expect(healthy.status).toBe(200);
  await healthy.text();
  await gateway.interception(interceptionId(healthy));
  expect(gateway.provider.requests.length).toBe(expected + 1);
  const stored = await gateway.interceptions();
  expect(stored.length).toBe(expected + 1);
  expect(stored.filter(({ ended }) => ended === undefined)).toEqual([]);
  expect(await metricSum(gateway.adminUrl, "interceptions_inflight")).toBe(0);
  expect(gateway.dataPlane.pid).toBe(pid);
});

function post(
  api: ApiCase,
  body: RequestInit["body"],
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(gateway.url + apiCases[api].path, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.token}`, ...headers },
    body,
    duplex: "half",
  });
}

const invalidJson = { status: 400, code: "invalid_json" };
const invalidBody = { status: 400, code: "invalid_body" };
const modelRequired = { status: 400, code: "model_required" };
const unsupported = { status: 415, code: "unsupported_media_type" };
const tooLarge = { status: 413, code: "request_too_large", anthropic: "request_too_large" };

const badBodies: readonly (readonly [
  what: string,
  body: string | Uint8Array<ArrayBuffer>,
  refusal: ExpectedRefusal,
  headers?: Record<string, string>,
])[] = [
  ["nothing", "", invalidJson],
  ["text", "hello", invalidJson],
  ["truncated JSON", '{"model":"m","messages":[{"role":"user"', invalidJson],
  ["a truncated string", '{"model":"m', invalidJson],
  ["text after the object", '{"model":"m"}{"model":"n"}', invalidJson],
  ["a byte order mark", '\ufeff{"model":"m"}', invalidJson],
  ["an array", '[{"model":"m"}]', invalidJson],
  ["a number", "7", invalidJson],
  ["a comma too many", '{"model":"m",}', invalidJson],
  ["a form", "model=m&stream=true", invalidJson, { "content-type": "application/x-www-form-urlencoded" }],
  ["100,000 brackets", `{"model":"m","messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, invalidJson],
  ["100,000 open brackets", `{"model":"m","messages":${"[".repeat(100_000)}`, invalidJson],
  ["100,000 open braces", '{"a":'.repeat(100_000), invalidJson],
  [
    "raw surrogate bytes",
    new Uint8Array([...Buffer.from('{"model":"m","x":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
    invalidJson,
  ],
  ["UTF-16", new Uint8Array(Buffer.from('{"model":"m"}', "utf16le")), invalidJson],
  ["no model", "{}", modelRequired],
  ["a model that is empty", '{"model":""}', modelRequired],
  ["a model that is a number", '{"model":7}', modelRequired],
  ["a model that is null", '{"model":null}', modelRequired],
  ["a model that is a list", '{"model":["m"]}', modelRequired],
  ["a model that is an object", '{"model":{"name":"m"}}', modelRequired],
  ["a second model that is none", '{"model":"m","model":null}', modelRequired],
  ["a model with a broken escape", '{"model":"\\x41"}', modelRequired],
  ["an unknown encoding", "{}", unsupported, { "content-encoding": "compress" }],
  [
    "an encoding named like a member of every object",
    "{}",
    unsupported,
    { "content-encoding": "constructor" },
  ],
  ["two encodings", gzipSync(gzipSync("{}")), unsupported, { "content-encoding": "gzip, gzip" }],
  ["no gzip as gzip", '{"model":"m"}', invalidBody, { "content-encoding": "gzip" }],
  ["half a gzip", gzipSync('{"model":"m"}').subarray(0, 15), invalidBody, { "content-encoding": "gzip" }],
  ["nothing as zstd", "", invalidBody, { "content-encoding": "zstd" }],
];

const refusals = apiNames.flatMap((api) =>
  badBodies.map(([what, body, refusal, headers]) => ({ api, what, body, refusal, headers })),
);

test.each(refusals)(
  "$api: a body with $what is a $refusal.status",
  async ({ api, body, refusal, headers }) => {
    expectRefusal(await seenBy(await post(api, body, headers)), api, refusal);
  },
);

/** Odd, but nothing that the gateway needs to understand: the provider judges. */
const oddBodies: readonly (readonly [what: string, members: string, headers?: Record<string, string>])[] = [
  ["numbers beyond every range", `"max_tokens":1e999,"temperature":${"9".repeat(400)}`],
  ["an escaped lone surrogate", '"user":"\\ud800"'],
  ["an escaped zero", '"user":"a\\u0000b"'],
  ["a stream that is a string", '"stream":"yes"'],
  ["a stream that is a number", '"stream":1'],
  ["a stream that is null", '"stream":null'],
  ["messages that are a string", '"messages":"hi"'],
  ["messages that are a number", '"messages":7'],
  ["messages that are null", '"messages":null'],
  ["messages that are an object", '"messages":{"role":"user"}'],
  ["messages of every kind", '"messages":[null,7,"x",[],{},{"role":7,"content":{"a":1}}]'],
  ["an input of every kind", '"input":[null,7,"x",[],{},{"type":7,"role":"user","content":[7]}]'],
  ["members named like those of every object", '"__proto__":{"stream":true},"constructor":7,"toString":null'],
  ["the name of a member escaped", '"\\u006dodel":"escaped"'],
  ["1,000 levels", `"metadata":${"[".repeat(1_000)}${"]".repeat(1_000)}`],
  ["a content type that is none", '"a":1', { "content-type": "text/plain" }],
];

const oddities = apiNames.flatMap((api) =>
  oddBodies.map(([what, members, headers = {}]) => ({ api, what, members, headers })),
);

test.each(oddities)("$api: a body with $what goes upstream as it came", async ({ api, members, headers }) => {
  const body = `{"model":"first", "model" : "m",${members}}`;
  const response = await post(api, body, headers);
  expect(response.status).toBe(200);
  await response.text();
  expected += 1;
  expect(gateway.provider.requests.at(-1)?.body.toString()).toBe(body);
  const { interception, ended } = await gateway.interception(interceptionId(response));
  expect(ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
  expect(interception?.model).toBe(
    members.includes("escaped") && members.includes("u006d") ? "escaped" : "m",
  );
  expect(interception?.streaming).toBe(false);
});

test.each(apiNames)("%s: surrogates without their other half are recorded as U+FFFD", async (api) => {
  const content = "\\ud83d and \\udc00";
  const input =
    api === "responses" ? `"input":"${content}"` : `"messages":[{"role":"user","content":"${content}"}]`;
  const response = await post(api, `{"model":"m\\ud800",${input}}`, { "user-agent": "claude-cli/\u00ff" });
  expect(response.status).toBe(200);
  await response.text();
  expected += 1;
  const { interception, promptUsages } = await gateway.interception(interceptionId(response));
  expect(interception?.model).toBe("m\ufffd");
  expect(promptUsages).toMatchObject([{ prompt: "\ufffd and \ufffd" }]);
});

test.each(apiNames)("%s: names of a megabyte are cut in records and do not become labels", async (api) => {
  const response = await post(api, JSON.stringify({ model: "m".repeat(1_000_000) }));
  expect(response.status).toBe(200);
  await response.text();
  expected += 1;
  const { interception } = await gateway.interception(interceptionId(response));
  expect(interception?.model).toBe("m".repeat(1024));
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).not.toContain("m".repeat(200));
});

const fortyMiB = Buffer.alloc(40 * 1024 * 1024, 0x20);

test.each(apiNames)("%s: 40 MiB are a 413, whether announced or not", async (api) => {
  expectRefusal(await seenBy(await post(api, fortyMiB)), api, tooLarge);
  const unannounced = new ReadableStream({
    start(controller) {
      for (let at = 0; at < fortyMiB.length; at += 1 << 20)
        controller.enqueue(fortyMiB.subarray(at, at + (1 << 20)));
      controller.close();
    },
  });
  expectRefusal(await seenBy(await post(api, unannounced)), api, tooLarge);
});

const zeros = Buffer.alloc(256 * 1024 * 1024);
const bombs = [
  ["gzip", gzipSync(zeros)],
  ["br", brotliCompressSync(zeros)],
  ["zstd", zstdCompressSync(zeros)],
] as const;

test.each(bombs)(
  "a few bytes that decode to 256 MiB (%s) are a 413, and cost no such memory",
  async (encoding, bomb) => {
    const before = await metricSum(gateway.adminUrl, "process_resident_memory_bytes");
    for (const api of apiNames) {
      const seen = await seenBy(await post(api, new Uint8Array(bomb), { "content-encoding": encoding }));
      expectRefusal(seen, api, tooLarge);
    }
    const after = await metricSum(gateway.adminUrl, "process_resident_memory_bytes");
    expect(after - before).toBeLessThan(150 * 1024 * 1024);
  },
);

test("a zstd frame that asks for a window of 64 MiB is refused", async () => {
  // RFC 8878 §3.1.1: magic number, a frame header with a window descriptor of exponent 16, one empty raw last block.
  const frame = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x00, 16 << 3, 0x01, 0x00, 0x00]);
  expectRefusal(await seenBy(await post("chat", frame, { "content-encoding": "zstd" })), "chat", invalidBody);
});

const invalidPath = { status: 400, code: "invalid_path" };
const routeMissing = { status: 404, code: "route_not_found", anthropic: "not_found_error" };
const providerMissing = { status: 404, code: "provider_not_found", anthropic: "not_found_error" };
const wrongMethod = { status: 405, code: "method_not_allowed" };

test.each<readonly [method: string, target: string, shape: ApiCase, refusal: ExpectedRefusal]>([
  ["GET", "/anthropic/v1/messages", "messages", wrongMethod],
  ["DELETE", "/openai/v1/chat/completions", "chat", wrongMethod],
  ["TRACE", "/openai/v1/responses/compact", "responses", wrongMethod],
  ["PATCH", "/anthropic/v1/models", "messages", wrongMethod],
  ["POST", "/anthropic/v1/files", "messages", routeMissing],
  ["POST", "/openai/v1/files", "chat", routeMissing],
  ["POST", "/anthropic/v1/messages/", "messages", routeMissing],
  ["POST", "/anthropic/V1/messages", "messages", routeMissing],
  ["POST", "/nobody/v1/messages", "messages", providerMissing],
  ["POST", "/nobody/v1/responses", "responses", providerMissing],
  ["POST", "/", "chat", providerMissing],
  ["POST", "/__proto__/v1/messages", "messages", providerMissing],
  ["POST", "/anthropic/v1/../v1/messages", "messages", invalidPath],
  ["POST", "/openai/../anthropic/v1/messages", "messages", invalidPath],
  ["POST", "/anthropic/v1/%2e%2e/v1/messages", "messages", invalidPath],
  ["POST", "/anthropic/v1/%2E./messages", "chat", invalidPath],
  ["POST", "//anthropic/v1/messages", "messages", invalidPath],
  ["POST", "/anthropic//v1/messages", "messages", invalidPath],
  ["POST", "/anthropic%2fv1/messages", "chat", invalidPath],
  ["POST", "/anthropic/v1%5cmessages", "chat", invalidPath],
  ["POST", "/anthropic/v1\\messages", "chat", invalidPath],
  ["POST", "/anthropic/v1/messages%00", "chat", invalidPath],
  ["POST", "/openai/v1/chat/completions%ff", "chat", invalidPath],
  ["POST", "/openai/v1/chat/%zz", "chat", invalidPath],
  ["POST", "http://example.com/openai/v1/responses", "responses", invalidPath],
  ["POST", "*", "chat", invalidPath],
  ["GET", "/openai/v1/responses/%2e%2e/files", "chat", invalidPath],
])("%s %s is refused", async (method, target, shape, refusal) => {
  using connection = await RawConnection.to(gateway.url);
  connection.write(
    `${method} ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.token}\r\ncontent-length: 0\r\n\r\n`,
  );
  const answer = await connection.answer();
  expectRefusal(answer, shape, refusal);
  if (refusal === wrongMethod) expect(answer.headers.allow).toMatch(/[A-Z]/);
});
