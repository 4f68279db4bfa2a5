import { InterceptionOutcome } from "@aibridge/proto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { metricSum, untilMetric } from "../support/gateway-metrics.ts";
import { RawConnection } from "../support/raw-connection.ts";
import { type ApiCase, apiCases, apiModes, apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
let connections: number;
let pid: number;
/** Interceptions that there must be in the end. */
let expected = 0;

beforeAll(async () => {
  gateway = await useGateway({
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
timeouts: { client_body: 1s, idle: 2s }
`,
  });
  pid = gateway.dataPlane.pid;
  connections = await clientConnections();
});
afterAll(() => gateway[Symbol.asyncDispose]());

beforeEach(async () => {
  expected = (await gateway.interceptions()).length;
});

/** Whatever came before: the gateway serves, nothing is under way or left open, nothing unmeant was begun. */
afterEach(async () => {
  const healthy = await send(gateway, "messages", false, { headers: { connection: "close" } });
  expect(healthy.status).toBe(200);
  await healthy.text();
  await gateway.interception(interceptionId(healthy));
  const stored = await gateway.interceptions();
  expect(stored.length).toBe(expected + 1);
  expect(stored.filter(({ ended }) => ended === undefined)).toEqual([]);
  expect(await metricSum(gateway.adminUrl, "interceptions_inflight")).toBe(0);
  expect(gateway.dataPlane.pid).toBe(pid);
  await eventually(async () => ((await clientConnections()) <= connections ? true : undefined));
});

/** Server sides of connections that the data plane has open, by the process's own count of handles. */
async function clientConnections(): Promise<number> {
  return await metricSum(gateway.adminUrl, "nodejs_active_resources", 'type="TCPSocketWrap"');
}

function headOf(api: ApiCase, ...lines: string[]): string {
  const head = [`POST ${apiCases[api].path} HTTP/1.1`, "host: x", `authorization: Bearer ${gateway.token}`];
  return `${[...head, ...lines].join("\r\n")}\r\n\r\n`;
}

function wholeRequest(api: ApiCase, members: Record<string, unknown> = {}): string {
  const body = JSON.stringify({ ...apiCases[api].body, ...members });
  return `${headOf(api, `content-length: ${Buffer.byteLength(body)}`)}${body}`;
}

/** Shapes that another server could read as two requests, or as one with another body. */
const chunkedEmpty = "0\r\n\r\n";
const smuggled = "GET /anthropic/v1/models HTTP/1.1\r\nhost: x\r\n\r\n";
const shapes: readonly (readonly [what: string, headers: readonly string[], rest: string])[] = [
  [
    "content-length and transfer-encoding",
    ["content-length: 4", "transfer-encoding: chunked"],
    chunkedEmpty + smuggled,
  ],
  [
    "transfer-encoding and content-length",
    ["transfer-encoding: chunked", "content-length: 4"],
    chunkedEmpty + smuggled,
  ],
  ["two lengths", ["content-length: 2", "content-length: 3"], "{}x"],
  ["two equal lengths", ["content-length: 2", "content-length: 2"], "{}"],
  ["a list of lengths", ["content-length: 2, 2"], "{}"],
  ["a signed length", ["content-length: +2"], "{}"],
  ["a negative length", ["content-length: -1"], "{}"],
  ["a length in hexadecimal", ["content-length: 0x2"], "{}"],
  ["an endless length", [`content-length: ${"9".repeat(30)}`], "{}"],
  ["chunked, but not last", ["transfer-encoding: chunked, identity"], chunkedEmpty],
  ["an unknown transfer-encoding", ["transfer-encoding: xchunked"], chunkedEmpty],
  ["transfer-encoding with a tab before the colon", ["transfer-encoding\t: chunked"], chunkedEmpty],
  ["a space before a colon", ["content-length : 2"], "{}"],
  ["an obsolete line folding", ["x-a: b", " content-length: 2"], "{}"],
  ["a header without a colon", ["content-length 2"], "{}"],
  ["a header without a name", [": 2"], "{}"],
  ["a zero in a header", ["x-a: b\0c"], "{}"],
  ["a carriage return in a header", ["x-a: b\rc"], "{}"],
  ["a chunk length with junk", ["transfer-encoding: chunked"], "2 junk\r\n{}\r\n0\r\n\r\n"],
  ["a chunk length that is no number", ["transfer-encoding: chunked"], "zz\r\n{}\r\n0\r\n\r\n"],
  ["a chunk longer than it says", ["transfer-encoding: chunked"], "2\r\n{}}}\r\n0\r\n\r\n"],
];

test.each(apiNames.flatMap((api) => shapes.map(([what, headers, rest]) => ({ api, what, headers, rest }))))(
  "$api: $what is a 400 and the end of the connection",
  async ({ api, headers, rest }) => {
    using connection = await RawConnection.to(gateway.url);
    connection.write(headOf(api, ...headers) + rest);
    const answer = await connection.answer();
    expectRefusal({ ...answer }, "chat", { status: 400, code: "invalid_body" });
    await connection.closed();
    expect(connection.received.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
  },
);

test.each(["\n", "\r"])("lines that end in %j alone are a 400", async (end) => {
  using connection = await RawConnection.to(gateway.url);
  connection.write(wholeRequest("chat").replaceAll("\r\n", end));
  expect((await connection.answer()).status).toBe(400);
  await connection.closed();
});

test("TLS, HTTP/2 and noise on the port are a 400", async () => {
  const hello = Buffer.from("16030100a5010000a10303", "hex");
  for (const bytes of [hello, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Buffer.alloc(1000, 0xff)]) {
    using connection = await RawConnection.to(gateway.url);
    connection.write(bytes);
    expect((await connection.answer()).status).toBe(400);
    await connection.closed();
  }
});

test("a request without Host is a 400 in its API's shape", async () => {
  using connection = await RawConnection.to(gateway.url);
  connection.write("POST /anthropic/v1/messages HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
  expectRefusal(await connection.answer(), "messages", { status: 400, code: "invalid_body" });
});

test.each([
  ["one header of 40 KB", [`x-a: ${"a".repeat(40_000)}`]],
  ["10,000 headers", Array.from({ length: 10_000 }, (_, i) => `x-${i}: ${i}`)],
  ["a target of 40 KB", undefined],
])("%s is a 431", async (_, headers) => {
  using connection = await RawConnection.to(gateway.url);
  connection.write(
    headers ? headOf("chat", ...headers) : `GET /${"a".repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
  );
  expectRefusal(await connection.answer(), "chat", { status: 431, code: "headers_too_large" });
  await connection.closed();
});

test.each(apiNames)("%s: a body that does not come in time is a 408", async (api) => {
  using connection = await RawConnection.to(gateway.url);
  connection.write(`${headOf(api, "content-length: 100")}{"model":`);
  expectRefusal(await connection.answer(), api, { status: 408, code: "request_timeout", retry: true });
  await connection.closed();
});

test("a client that asks before it sends its body is told to, but not if it is refused anyway", async () => {
  const body = JSON.stringify(apiCases.chat.body);
  using asking = await RawConnection.to(gateway.url);
  asking.write(headOf("chat", "expect: 100-continue", `content-length: ${body.length}`));
  await eventually(() => asking.received.startsWith("HTTP/1.1 100 Continue\r\n\r\n") || undefined);
  asking.write(body);
  expect((await asking.answer()).status).toBe(200);
  expected += 1;
  using refused = await RawConnection.to(gateway.url);
  const head = headOf("chat", "expect: 100-continue", `content-length: ${body.length}`);
  refused.write(head.replace(gateway.token, "aib_unknown"));
  expect((await refused.answer()).status).toBe(401);
  expect(refused.received).not.toContain("100 Continue");
});

test("an offer of HTTP/2 is no obstacle to an answer", async () => {
  using connection = await RawConnection.to(gateway.url);
  const offer = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\nhost: x";
  connection.write(wholeRequest("messages").replace("host: x", offer));
  expect((await connection.answer()).status).toBe(200);
  expected += 1;
});

test("a WebSocket is a 426, also for a client that is gone by then", async () => {
  const upgrade = `GET /openai/v1/responses HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;
  for (let i = 0; i < 20; i += 1) {
    using leaving = await RawConnection.to(gateway.url);
    leaving.write(upgrade);
    leaving.reset();
  }
  using connection = await RawConnection.to(gateway.url);
  connection.write(upgrade);
  expectRefusal(await connection.answer(), "responses", { status: 426, code: "websocket_not_supported" });
});

test.each(apiNames)("%s: requests sent without waiting are answered one after another", async (api) => {
  using connection = await RawConnection.to(gateway.url);
  connection.write(wholeRequest(api) + wholeRequest(api) + wholeRequest(api));
  await eventually(() => (connection.received.match(/HTTP\/1\.1 200/g)?.length === 3 ? true : undefined));
  expected += 3;
});

test("of requests sent without waiting, none is served for a client that is gone", async () => {
  gateway.provider.next({ content: "never", delivery: { stall: { until: new Promise(() => {}) } } });
  const seen = gateway.provider.requests.length;
  using connection = await RawConnection.to(gateway.url);
  connection.write(wholeRequest("chat") + wholeRequest("chat"));
  const first = await gateway.provider.waitFor((one) => gateway.provider.requests.indexOf(one) === seen);
  connection.reset();
  expect(await first.closed).toBe("aborted");
  expected += 1;
});

test("noise behind a request whose answer is on its way ends the connection, not the answer of another", async () => {
  gateway.provider.next({
    content: "a b c",
    delivery: { stall: { afterEvents: 2, until: new Promise(() => {}) } },
  });
  using connection = await RawConnection.to(gateway.url);
  connection.write(wholeRequest("messages", { stream: true }));
  await eventually(() => connection.received.includes("message_start") || undefined);
  connection.write("\0\0\0 noise\r\n\r\n");
  await connection.closed();
  expect(connection.received.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
  expected += 1;
});

const partial: Record<"headers" | "body", (api: ApiCase) => string> = {
  headers: (api) => headOf(api, "content-length: 100").slice(0, 60),
  body: (api) => `${headOf(api, "content-length: 100")}{"model":"m"`,
};

test.each(apiNames.flatMap((api) => (["headers", "body"] as const).map((stage) => ({ api, stage }))))(
  "$api: a client that vanishes within its $stage leaves nothing behind",
  async ({ api, stage }) => {
    for (const leave of ["reset", "end"] as const) {
      using connection = await RawConnection.to(gateway.url);
      connection.write(partial[stage](api));
      await eventually(async () => ((await clientConnections()) > connections ? true : undefined));
      if (leave === "reset") connection.reset();
      else connection.socket.end();
      await connection.closed();
    }
  },
);

test.each(apiModes)(
  "$api, stream $stream: a client that vanishes while it waits, or within its answer, ends its interception once",
  async ({ api, stream }) => {
    for (const afterEvents of stream ? [0, 2] : [0]) {
      const seen = gateway.provider.requests.length;
      const stall = { afterEvents, until: new Promise(() => {}) };
      gateway.provider.next({ content: "a b c", delivery: { stall } });
      using connection = await RawConnection.to(gateway.url);
      connection.write(wholeRequest(api, { stream }));
      const request = await gateway.provider.waitFor(
        (one) => gateway.provider.requests.indexOf(one) === seen,
      );
      if (afterEvents > 0) await eventually(() => connection.received.includes("data:") || undefined);
      connection.reset();
      expect(await request.closed).toBe("aborted");
      expected += 1;
      await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
    }
    const [latest] = await gateway.interceptions();
    const { ended } = await gateway.interception(latest?.interception?.id ?? "");
    expect(ended?.outcome).toBe(InterceptionOutcome.CANCELLED_BY_CLIENT);
  },
);

test.each(apiNames)("%s: a client that reads nothing for timeouts.idle counts as gone", async (api) => {
  const event = `data: {"x":"${"x".repeat(64 * 1024)}"}\n\n`;
  gateway.provider.next({
    raw: { headers: { "content-type": "text/event-stream" }, body: Array.from({ length: 300 }, () => event) },
  });
  using connection = await RawConnection.to(gateway.url);
  connection.socket.pause();
  connection.write(wholeRequest(api, { stream: true }));
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 1);
  await untilMetric(gateway.adminUrl, "interceptions_inflight", 0);
  expected += 1;
  const [latest] = await gateway.interceptions();
  const { ended } = await gateway.interception(latest?.interception?.id ?? "");
  expect(ended?.outcome).toBe(InterceptionOutcome.CANCELLED_BY_CLIENT);
});
