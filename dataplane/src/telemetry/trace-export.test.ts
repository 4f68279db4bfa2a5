import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { CertificateAuthority, type CertificateFiles } from "../../../test/support/certificates.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { startOtlpReceiver } from "../../../test/support/otlp-receiver.ts";
import type { TraceSettings } from "../config/trace-settings.ts";
import { createLog } from "./log.ts";
import { exportedTracing } from "./trace-export.ts";
import type { TracedRequest, Tracing } from "./tracing.ts";

const settings: TraceSettings = {
  url: "",
  headers: {},
  gzip: false,
  timeoutMs: 1_000,
  ca: undefined,
  cert: undefined,
  key: undefined,
  sampling: { parentBased: true, ratio: 1 },
  resource: { "service.name": "tests" },
  maxQueued: 100,
  maxBatch: 10,
  delayMs: 3_600_000,
};

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const withParent = (flags: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` });

const request: TracedRequest = {
  interceptionId: "i-1",
  headers: {},
  acceptedAt: performance.now(),
  startedAtMs: Date.now(),
  route: "/anthropic/v1/messages",
  client: "Unknown",
  clientSessionId: undefined,
  provider: { name: "anthropic", type: "anthropic", origin: "http://127.0.0.1:1" },
  api: "messages",
  model: "m",
  streaming: false,
};

async function started(more: Partial<TraceSettings> = {}) {
  const receiver = await startOtlpReceiver();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => void lines.push(line) });
  return { receiver, lines, tracing: exportedTracing({ ...settings, url: receiver.url, ...more }, log) };
}

/** Traces so many requests, each with one span. */
function traceRequests(tracing: Tracing, times = 1, headers: TracedRequest["headers"] = {}): void {
  for (let i = 0; i < times; i++)
    tracing.begin({ ...request, headers })?.end({ outcome: "completed", status: 200, errorType: undefined });
}

/** Traces requests with these headers, and flushes; what the collector got, and the log. */
async function exported(more: Partial<TraceSettings>, headers: readonly TracedRequest["headers"][] = [{}]) {
  const { receiver, lines, tracing } = await started(more);
  for (const one of headers) traceRequests(tracing, 1, one);
  await tracing.flush(5_000);
  return { receiver, lines };
}

test("a flush sends what waits, in as many batches as it takes", async () => {
  const { receiver, lines } = await exported(
    {},
    Array.from({ length: 25 }, () => ({})),
  );
  expect(receiver.spans).toHaveLength(25);
  expect(receiver.batches).toHaveLength(3);
  expect(receiver.spans[0]?.resource).toMatchObject({ "service.name": "tests" });
  expect(lines).toEqual([]);
});

test("batches are compressed where that is asked for, and carry the headers", async () => {
  const { receiver } = await exported({ gzip: true, headers: { "x-tenant": "one" } });
  expect(receiver.spans).toHaveLength(1);
  expect(receiver.batches).toMatchObject([{ "content-encoding": "gzip", "x-tenant": "one" }]);
});

test("over https, with an authority and a certificate of one's own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const authority = new CertificateAuthority(folder, "traces");
  const pem = ({ cert, key }: CertificateFiles) => ({
    cert: readFileSync(cert, "utf8"),
    key: readFileSync(key, "utf8"),
  });
  const ca = readFileSync(authority.cert, "utf8");
  const secured = await startOtlpReceiver({ ...pem(authority.issue("collector")), ca });
  onTestFinished(() => secured[Symbol.asyncDispose]());
  const { lines } = await exported({ url: secured.url, ca, ...pem(authority.issue("gateway")) });
  expect(secured.spans).toHaveLength(1);
  expect(lines).toEqual([]);
  const unknown = await exported({ url: secured.url, ca });
  expect(secured.spans).toHaveLength(1);
  expect(unknown.lines).toHaveLength(1);
});

test.each([
  ["parentbased_always_on", { parentBased: true, ratio: 1 }, ["", "01"]],
  ["parentbased_always_off", { parentBased: true, ratio: 0 }, ["01"]],
  ["always_on", { parentBased: false, ratio: 1 }, ["", "00", "01"]],
  ["always_off", { parentBased: false, ratio: 0 }, []],
])("%s: who decides whether a request is sampled", async (_, sampling, sampled) => {
  const { receiver } = await exported({ sampling }, [{}, withParent("00"), withParent("01")]);
  const expected = sampled.map((flags) => (flags === "" ? "its own" : traceId));
  expect(receiver.spans.map((span) => (span.traceId === traceId ? traceId : "its own"))).toEqual(expected);
});

test("a flush takes no longer than it may, and rejects never", async () => {
  const { receiver, tracing } = await started();
  receiver.intercept(() => undefined);
  traceRequests(tracing);
  const startedAt = performance.now();
  await tracing.flush(50);
  expect(performance.now() - startedAt).toBeLessThan(900);
});

test("a collector that is slow has a bounded number of spans wait for it, and the log says once that others are lost", async () => {
  const { receiver, tracing, lines } = await started({ maxQueued: 20, delayMs: 5 });
  const held: ServerResponse[] = [];
  receiver.intercept((response) => void held.push(response));
  traceRequests(tracing, 10);
  await eventually(() => held.length === 1 || undefined);
  // One batch is under way: 20 of these wait.
  traceRequests(tracing, 50);
  receiver.intercept(undefined);
  held[0]?.writeHead(200).end();
  await eventually(() => receiver.spans.length === 20 || undefined);
  traceRequests(tracing, 1);
  await tracing.flush(5_000);
  expect(receiver.spans).toHaveLength(21);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, reason: "the queue is full" },
    { level: 30, lost: 30 },
  ]);
});

test("a batch that is refused does not cut off those beside it", async () => {
  const { receiver, tracing, lines } = await started({ maxBatch: 1 });
  const held: ServerResponse[] = [];
  receiver.intercept((response) => void held.push(response));
  traceRequests(tracing, 3);
  const flushed = tracing.flush(5_000);
  await eventually(() => held.length === 3 || undefined);
  held[1]?.writeHead(400).end();
  await eventually(() => lines.length === 1 || undefined);
  held[0]?.writeHead(200).end();
  held[2]?.writeHead(200).end();
  await flushed;
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, reason: "HTTP 400" },
    { level: 30, lost: 1 },
  ]);
});

test("after a flush nothing is under way any more, however long a batch may take", async () => {
  const { receiver, tracing, lines } = await started({ timeoutMs: 60_000, maxBatch: 1, delayMs: 5 });
  receiver.intercept(() => undefined);
  traceRequests(tracing, 3);
  await eventually(() => receiver.batches.length === 1 || undefined);
  await tracing.flush(100);
  await eventually(() => receiver.connections === 0 || undefined);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 40 }]);
});

test.each<[string, string, (response: ServerResponse) => void]>([
  ["refuses", "HTTP 401", (response) => response.writeHead(401).end("what-it-says")],
  ["is overloaded", "HTTP 429, 502, 503 or 504", (response) => response.writeHead(503).end("what-it-says")],
  ["is silent", "timeout", () => {}],
  ["breaks off", "ECONNRESET", (response) => response.destroy()],
])("a collector that %s is told of once, as %s", async (_, reason, answer) => {
  const { receiver, tracing, lines } = await started({ timeoutMs: 200, maxBatch: 1 });
  receiver.intercept(answer);
  traceRequests(tracing, 3);
  await tracing.flush(5_000);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 40, reason }]);
  expect(lines[0]).not.toContain("what-it-says");
});

test("a collector that is away is told of once", async () => {
  const { lines } = await exported({ url: "http://127.0.0.1:9/v1/traces", timeoutMs: 200 }, [{}]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: 40, reason: "ECONNREFUSED" });
});
