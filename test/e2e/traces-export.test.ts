import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway, type RecorderFunctions } from "@aibridge/dataplane";
import { tracingWith } from "@aibridge/dataplane/tracing";
import { startScriptedProvider } from "@aibridge/sdk/testing";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { aibridge } from "../support/aibridge-process.ts";
import { eventually } from "../support/eventually.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { apiCases, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, type UseGatewayOptions, useGateway } from "../support/use-gateway.ts";

/** A gateway whose spans go to this URL. @param env further variables of the data plane */
function tracing(url: string, env: Readonly<Record<string, string>> = {}, more: UseGatewayOptions = {}) {
  const dataPlaneEnv = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: "20", ...env };
  return useGateway({ ...more, dataPlaneEnv });
}

async function sendOne(gateway: GatewayUnderTest): Promise<string> {
  const response = await send(gateway, "messages", false);
  await response.text();
  expect(response.status).toBe(200);
  return interceptionId(response);
}

const lines = (gateway: GatewayUnderTest, message: string) =>
  gateway.dataPlane.output.split("\n").filter((line) => line.includes(`"msg":"${message}`));
const lost = "spans cannot be exported";
const again = "spans are exported again";

describe("a collector", () => {
  test("that is away is one line in the log for each outage, and no request notices", async () => {
    const receiver = await startOtlpReceiver();
    // Nothing of what a collector says is repeated.
    receiver.intercept((response) => void response.writeHead(401).end("the key is exporter-key-0123456789"));
    await using gateway = await tracing(receiver.url, { OTEL_EXPORTER_OTLP_TIMEOUT: "300" });
    await eventually(async () => {
      await sendOne(gateway);
      return receiver.batches.length > 4 || undefined;
    });
    receiver.intercept(undefined);
    await sendOne(gateway);
    await eventually(() => lines(gateway, again).length === 1 || undefined);
    expect(lines(gateway, lost)).toHaveLength(1);
    expect(lines(gateway, lost)[0]).toContain('"reason":"HTTP 401"');
    expect(gateway.dataPlane.output).not.toContain("exporter-key");

    await receiver[Symbol.asyncDispose]();
    await sendOne(gateway);
    await eventually(() => lines(gateway, lost).length === 2 || undefined);
    expect(lines(gateway, lost)[1]).toContain('"reason":"ECONNREFUSED"');
  });

  test("that is slow has a bounded number of spans wait for it", async () => {
    await using receiver = await startOtlpReceiver();
    const held: ServerResponse[] = [];
    receiver.intercept((response) => void held.push(response));
    await using gateway = await tracing(receiver.url, {
      OTEL_BSP_MAX_QUEUE_SIZE: "20",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
      OTEL_EXPORTER_OTLP_TIMEOUT: "60000",
    });
    for (let sent = 0; sent < 50; sent++) await sendOne(gateway);
    receiver.intercept(undefined);
    for (const response of held) response.writeHead(200).end();
    // Two spans a request, of which one batch was under way and 20 waited.
    expect(await gateway.dataPlane.stop()).toBe(0);
    expect(receiver.spans).toHaveLength(20);
  });
});

describe("SIGTERM", () => {
  test("what waits is sent before the end, the request under way among it", async () => {
    await using receiver = await startOtlpReceiver();
    // Left alone, spans would wait for an hour.
    await using gateway = await tracing(receiver.url, { OTEL_BSP_SCHEDULE_DELAY: "3600000" });
    const first = await sendOne(gateway);
    let finish = () => undefined as unknown;
    const until = new Promise<void>((resolve) => {
      finish = resolve;
    });
    gateway.provider.next({ content: "a b c", delivery: { stall: { afterEvents: 2, until } } });
    const slow = await send(gateway, "messages", true);
    expect(receiver.spans).toEqual([]);
    gateway.dataPlane.signal("SIGTERM");
    await eventually(() => gateway.dataPlane.output.includes("shutting down") || undefined);
    finish();
    await slow.text();
    expect(await gateway.dataPlane.ended()).toBe(0);
    const ids = new Set(receiver.spans.map(({ attributes }) => attributes["aibridge.interception_id"]));
    expect(ids).toEqual(new Set([first, interceptionId(slow)]));
    expect(receiver.spans).toHaveLength(4);
  });

  test("a collector that never answers does not hold up the end", async () => {
    await using receiver = await startOtlpReceiver();
    receiver.intercept(() => undefined);
    await using gateway = await tracing(receiver.url, { OTEL_EXPORTER_OTLP_TIMEOUT: "1000" });
    await sendOne(gateway);
    await eventually(() => receiver.batches.length > 0 || undefined);
    const startedAt = performance.now();
    expect(await gateway.dataPlane.stop("SIGTERM")).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe("settings", () => {
  /** Names in the process's output what OpenTelemetry packages it loads, but for the API, which prom-client loads. */
  const watching = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
      import { registerHooks } from "node:module";
      registerHooks({ resolve(name, context, next) {
        if (/^@opentelemetry\\/(?!api$)/.test(name)) process._rawDebug("loads " + name);
        return next(name, context);
      } });
    `)}`,
  };

  test("nothing of OpenTelemetry is loaded where traces are not configured", async () => {
    await using gateway = await useGateway({ dataPlaneEnv: watching });
    await sendOne(gateway);
    expect(await gateway.dataPlane.stop()).toBe(0);
    expect(gateway.dataPlane.output).not.toContain("loads @opentelemetry");
  });

  test("where they are, it is", async () => {
    await using receiver = await startOtlpReceiver();
    await using gateway = await tracing(receiver.url, watching);
    expect(gateway.dataPlane.output).toContain("loads @opentelemetry/sdk-trace");
  });

  test("one that is wrong stops the start, and --help names the flag", async () => {
    const wrong = await aibridge(["dataplane", "--gateway-id", "g", "--gateway-key", "k".repeat(32)], {
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317",
    });
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL"),
    });
    const { stdout } = await aibridge(["dataplane", "--help"]);
    expect(stdout).toContain("--traces-endpoint URL");
    expect(stdout).toContain("OTEL_EXPORTER_OTLP_ENDPOINT");
  });
});

describe("an embedded gateway", () => {
  const done = () => Promise.resolve();
  const recorder: RecorderFunctions = {
    recordInterception: done,
    recordInterceptionEnded: done,
    recordTokenUsage: done,
    recordPromptUsage: done,
    recordToolUsage: done,
    recordModelThought: done,
  };

  /** Sends one request through a gateway that traces with this provider, and closes it. Returns the status. */
  async function sendThrough(tracerProvider: TracerProvider, functions: RecorderFunctions): Promise<number> {
    await using provider = await startScriptedProvider();
    const keys = ["sk-central-0123456789abcdef"];
    const gateway = createGateway({
      config: { providers: [{ name: "anthropic", type: "anthropic", base_url: provider.url, keys }] },
      actors: { resolveActor: () => ({ id: "alice" }) },
      recorder: functions,
      tracing: tracingWith(tracerProvider),
    });
    const server = createServer(gateway.handler).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { path, body } = apiCases.messages;
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer a-token" },
      body: JSON.stringify(body),
    });
    await response.text();
    await gateway.close(1_000);
    server.closeAllConnections();
    server.close();
    return response.status;
  }

  function hostTraces() {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
    return { exporter, provider };
  }

  test("makes its spans with the host's tracer provider, and leaves it running", async () => {
    const { exporter, provider } = hostTraces();
    expect(await sendThrough(provider, recorder)).toBe(200);
    provider.getTracer("host").startSpan("of the host").end();
    const names = exporter.getFinishedSpans().map(({ name }) => name);
    expect(names).toEqual(["chat claude-test", "POST /anthropic/v1/messages", "of the host"]);
  });

  test("that cannot record a request has one span of it, which is an error", async () => {
    const { exporter, provider } = hostTraces();
    const recordInterception = () => Promise.reject(new Error("away"));
    expect(await sendThrough(provider, { ...recorder, recordInterception })).toBe(503);
    expect(exporter.getFinishedSpans()).toMatchObject([
      {
        name: "POST /anthropic/v1/messages",
        status: { code: 2 },
        attributes: {
          "aibridge.outcome": "rejected",
          "error.type": "recorder_unavailable",
          "http.response.status_code": 503,
        },
      },
    ]);
  });
});
