import { request } from "node:http";
import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzip,
  gzipSync,
  zstdCompress,
  zstdDecompressSync,
} from "node:zlib";
import { InterceptionOutcome, UsageSource } from "@aibridge/proto";
import { renderAnswer, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { type ApiCase, apiCases, apiModes, apiNames } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const encodings = ["gzip", "br", "zstd"] as const;
const decode = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
const cases = apiModes.flatMap((mode) => encodings.map((encoding) => ({ ...mode, encoding })));
const usage = { input: 11, output: 7 };
const answer = { id: "answer_1", usage } as const;
const content = [{ type: "text", text: "Fine 😀 " }, toolCall("Read", { path: "/tmp/a" })] as const;

interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
  /** True if the connection broke before the end. */
  readonly broken: boolean;
}

/** Sends a request over node:http, which decodes nothing; sends no Accept-Encoding unless it is given. */
function ask(
  api: ApiCase,
  stream: boolean,
  options: { acceptEncoding?: string; usageAsked?: boolean; onChunk?: (all: Buffer) => void } = {},
): Promise<Answered> {
  const { path, body } = apiCases[api];
  const asked = options.usageAsked === false ? {} : { stream_options: { include_usage: true } };
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${gateway.token}`,
      ...(options.acceptEncoding !== undefined && { "accept-encoding": options.acceptEncoding }),
    };
    const call = request(gateway.url + path, { method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      const done = (broken: boolean) => () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          broken,
        });
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        options.onChunk?.(Buffer.concat(chunks));
      });
      response.on("end", done(false)).on("error", done(true));
    });
    call.on("error", reject);
    call.end(JSON.stringify({ ...body, stream, ...(stream && api === "chat" && asked) }));
  });
}

function plainBytes(api: ApiCase, stream: boolean): Buffer {
  const { body } = renderAnswer(
    api,
    { ...answer, content },
    { model: apiCases[api].body.model, stream, stream_options: { include_usage: true } },
  );
  return Buffer.concat(body);
}

/** The bytes without what a provider makes up anew for each answer. */
function comparable(bytes: Buffer): string {
  return bytes
    .toString()
    .replace(/"(?:created|created_at|completed_at)":\d+/g, '"time":0')
    .replace(/(?:call|toolu|msg|fc|rs)_[A-Za-z0-9_]+/g, "id");
}

async function expectRecorded({ headers }: Answered): Promise<void> {
  const found = await gateway.interception(String(headers["x-aibridge-interception-id"]));
  expect(found.ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
  expect(found.toolUsages).toMatchObject([{ tool: "Read", input: '{"path":"/tmp/a"}' }]);
  expect(found.tokenUsages).toMatchObject([
    { inputTokens: 11n, outputTokens: 7n, source: UsageSource.REPORTED },
  ]);
}

test.each(cases)(
  "$api, stream $stream: an answer that comes as $encoding is decoded for a client that did not ask for it",
  async ({ api, stream, encoding }) => {
    for (const cut of [{}, { cutEvery: 7 }]) {
      gateway.provider.next({ ...answer, content, delivery: { encoding, ...cut } });
      const answered = await ask(api, stream, { acceptEncoding: "identity" });
      expect(answered).toMatchObject({ status: 200, broken: false });
      expect(answered.headers["content-encoding"]).toBeUndefined();
      expect(answered.headers["content-length"]).toBeUndefined();
      expect(comparable(answered.body)).toBe(comparable(plainBytes(api, stream)));
      await expectRecorded(answered);
    }
  },
);

test.each(cases)(
  "$api, stream $stream: a client that accepts $encoding gets the bytes as they came",
  async ({ api, stream, encoding }) => {
    for (const cut of [{}, { cutEvery: 7 }]) {
      gateway.provider.next({ ...answer, content, delivery: { encoding, ...cut } });
      const answered = await ask(api, stream, { acceptEncoding: `identity;q=0.1, ${encoding}` });
      expect(answered).toMatchObject({ status: 200, broken: false });
      expect(answered.headers["content-encoding"]).toBe(encoding);
      expect(comparable(decode[encoding](answered.body))).toBe(comparable(plainBytes(api, stream)));
      await expectRecorded(answered);
    }
  },
);

test.each(encodings)(
  "a chat stream whose usage is hidden from the client is decoded (%s)",
  async (encoding) => {
    gateway.provider.next({ ...answer, content, delivery: { encoding } });
    const answered = await ask("chat", true, { acceptEncoding: encoding, usageAsked: false });
    expect(answered.headers["content-encoding"]).toBeUndefined();
    expect(answered.body.toString()).not.toMatch(/"usage":\{/);
    expect(answered.body.toString().trimEnd()).toMatch(/data: \[DONE\]$/);
    await expectRecorded(answered);
  },
);

test.each(encodings.flatMap((encoding) => ["identity", encoding].map((accept) => ({ encoding, accept }))))(
  "an encoded stream stays live ($encoding, client accepts $accept)",
  async ({ encoding, accept }) => {
    const seen = Promise.withResolvers<void>();
    gateway.provider.next({
      ...answer,
      content,
      delivery: { encoding, stall: { afterEvents: 4, until: seen.promise } },
    });
    let first: Buffer | undefined;
    const answered = await ask("messages", true, {
      acceptEncoding: accept,
      onChunk: (all) => {
        first = all;
        if (all.length > 100) seen.resolve();
      },
    });
    expect(first?.length).toBeGreaterThan(0);
    await expectRecorded(answered);
  },
);

test.each(apiNames)("%s: an encoded answer that is cut short is not passed off as whole", async (api) => {
  gateway.provider.next({
    content: "x".repeat(5_000),
    deltaLength: 7,
    delivery: { encoding: "gzip", truncate: { afterEvents: 5 } },
  });
  const answered = await ask(api, true, { acceptEncoding: "identity" });
  expect(answered.broken).toBe(true);
  expect(answered.body.toString()).toMatch(/error/);
  const found = await gateway.interception(String(answered.headers["x-aibridge-interception-id"]));
  expect(found.ended?.outcome).toBe(InterceptionOutcome.FAILED);
});

test("an encoded error of the provider is relayed readable and recorded", async () => {
  const body = JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: "no" } });
  const headers = { "content-type": "application/json", "content-encoding": "deflate" };
  gateway.provider.next({ raw: { status: 400, headers, body: deflateSync(body) } });
  const answered = await ask("messages", false);
  expect(answered.status).toBe(400);
  expect(answered.body.toString()).toBe(body);
  const { ended } = await gateway.interception(String(answered.headers["x-aibridge-interception-id"]));
  expect(ended).toMatchObject({ errorType: "invalid_request_error", errorMessage: "no" });
});

test.each([
  ["bytes that are no gzip", "gzip", Buffer.from("certainly not gzip")],
  ["half a gzip", "gzip", gzipSync("x".repeat(100)).subarray(0, 15)],
] as const)("%s are a 502", async (_, encoding, bytes) => {
  const headers = { "content-type": "application/json", "content-encoding": encoding };
  gateway.provider.next({ raw: { headers, body: bytes } });
  const answered = await ask("messages", false);
  expect(answered.status).toBe(502);
  expect(JSON.parse(answered.body.toString())).toMatchObject({ type: "error", error: { type: "api_error" } });
  const { ended } = await gateway.interception(String(answered.headers["x-aibridge-interception-id"]));
  expect(ended).toMatchObject({
    outcome: InterceptionOutcome.FAILED,
    errorType: "upstream_invalid_answer",
    httpStatus: 502,
  });
});

test("an empty body is empty, whatever encoding is announced for it", async () => {
  gateway.provider.next({ raw: { status: 400, headers: { "content-encoding": "gzip" }, body: "" } });
  const answered = await ask("chat", false);
  expect(answered).toMatchObject({ status: 400, broken: false });
  expect(answered.body.length).toBe(0);
});

test("an unknown encoding is relayed as it came", async () => {
  const headers = { "content-type": "text/event-stream", "content-encoding": "compress" };
  gateway.provider.next({ raw: { headers, body: "whatever" } });
  const answered = await ask("messages", true);
  expect(answered).toMatchObject({ status: 200, broken: false });
  expect(answered.body.toString()).toBe("whatever");
  const { ended } = await gateway.interception(String(answered.headers["x-aibridge-interception-id"]));
  expect(ended?.errorType).toBe("upstream_invalid_answer");
});

test.each([
  ["gzip", promisify(gzip)],
  ["br", promisify(brotliCompress)],
  ["zstd", promisify(zstdCompress)],
] as const)(
  "an answer that decodes to endless bytes (%s) is cut, and memory stays flat",
  async (encoding, encode) => {
    // Not in one go: a test that stands still for seconds does not notice that its idle connections were closed.
    const bomb = await encode(Buffer.alloc(300 * 1024 * 1024, 0x20));
    const before = await metricSum(gateway.adminUrl, "process_resident_memory_bytes");
    let peak = before;
    const headers = { "content-type": "application/json", "content-encoding": encoding };
    gateway.provider.next({ raw: { headers, body: bomb } });
    const measuring = new AbortController();
    const measured = (async () => {
      while (!measuring.signal.aborted)
        peak = Math.max(peak, await metricSum(gateway.adminUrl, "process_resident_memory_bytes"));
    })();
    const answered = await ask("messages", false);
    measuring.abort();
    await measured;
    expect(answered.broken).toBe(true);
    const found = await gateway.interception(String(answered.headers["x-aibridge-interception-id"]));
    expect(found.ended?.outcome).toBe(InterceptionOutcome.FAILED);
    // 64 MiB are kept for reading the answer; the rest passes through.
    expect(peak - before).toBeLessThan(220 * 1024 * 1024);
    await eventually(async () => (await fetch(`${gateway.adminUrl}/readyz`)).ok || undefined);
  },
);
