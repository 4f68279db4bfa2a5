import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createGateway, type RecorderFunctions } from "@aibridge/dataplane";
import { tracingWith } from "@aibridge/dataplane/tracing";
import { startScriptedProvider } from "@aibridge/sdk/testing";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AibridgeProcess, aibridge } from "../support/aibridge-process.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { apiCases, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Names in a process's output what OpenTelemetry packages it loads, but for the API, which prom-client loads. */
const watching = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from "node:module";
    registerHooks({ resolve(name, context, next) {
      if (/^@opentelemetry\\/(?!api$)/.test(name)) process._rawDebug("loads " + name);
      return next(name, context);
    } });
  `)}`,
};

/** Its data plane has no traces. Those of the tests, which have, stand beside it at the same control plane. */
let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway({ dataPlaneEnv: watching });
});
afterAll(() => gateway[Symbol.asyncDispose]());

interface TracedDataPlane extends AsyncDisposable {
  readonly url: string;
  readonly process: AibridgeProcess;
}

/** A data plane whose spans go to this URL. */
async function startDataPlane(
  tracesUrl: string,
  env: Readonly<Record<string, string>>,
): Promise<TracedDataPlane> {
  const { controlPlaneUrl, folder, gatewayKey } = gateway;
  const [port, adminPort] = [await freePort(), await freePort()];
  const process = new AibridgeProcess(
    [
      "dataplane",
      ...["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`],
      ...["--controlplane", controlPlaneUrl, "--gateway-id", "gw-traced"],
      ...["--spool", join(folder, `spool-${port}`), "--traces-endpoint", tracesUrl],
    ],
    { AIBRIDGE_GATEWAY_KEY: gatewayKey, ...watching, ...env },
    folder,
  );
  process.start();
  await process.ready(`http://127.0.0.1:${adminPort}`);
  const stop = () => process[Symbol.asyncDispose]();
  return { url: `http://127.0.0.1:${port}`, process, [Symbol.asyncDispose]: stop };
}

async function sendOne(url: string): Promise<string> {
  const response = await send({ url, token: gateway.token }, "messages", false);
  await response.text();
  expect(response.status).toBe(200);
  return interceptionId(response);
}

test("nothing of OpenTelemetry is loaded where traces are not configured", async () => {
  await sendOne(gateway.url);
  expect(gateway.dataPlane.output).not.toContain("loads @opentelemetry");
});

test("an outage of the collector is one line in the log, no request notices, and the end is not held up", async () => {
  await using receiver = await startOtlpReceiver();
  // Nothing of what a collector says is repeated.
  receiver.intercept((response) => void response.writeHead(401).end("the key is exporter-key-0123456789"));
  await using traced = await startDataPlane(receiver.url, {
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_EXPORTER_OTLP_TIMEOUT: "60000",
  });
  expect(traced.process.output).toContain("loads @opentelemetry/sdk-trace");
  await eventually(async () => {
    await sendOne(traced.url);
    return receiver.batches.length > 2 || undefined;
  });
  receiver.intercept(undefined);
  const lines = (message: string) =>
    traced.process.output.split("\n").filter((line) => line.includes(`"msg":"${message}`));
  await eventually(async () => {
    await sendOne(traced.url);
    return lines("spans are exported again").length === 1 || undefined;
  });
  expect(lines("spans cannot be exported")).toEqual([expect.stringContaining('"reason":"HTTP 401"')]);
  expect(traced.process.output).not.toContain("exporter-key");

  // It takes a batch, and never answers.
  receiver.intercept(() => undefined);
  const before = receiver.batches.length;
  await sendOne(traced.url);
  await eventually(() => receiver.batches.length > before || undefined);
  const startedAt = performance.now();
  expect(await traced.process.stop("SIGTERM")).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});

test("at SIGTERM what waits is sent before the end, the request under way among it", async () => {
  await using receiver = await startOtlpReceiver();
  // Left alone, spans would wait for an hour.
  await using traced = await startDataPlane(receiver.url, { OTEL_BSP_SCHEDULE_DELAY: "3600000" });
  const first = await sendOne(traced.url);
  const { promise: until, resolve: finish } = Promise.withResolvers<void>();
  gateway.provider.next({ content: "a b c", delivery: { stall: { afterEvents: 2, until } } });
  const slow = await send({ url: traced.url, token: gateway.token }, "messages", true);
  expect(receiver.spans).toEqual([]);
  traced.process.signal("SIGTERM");
  await eventually(() => traced.process.output.includes("shutting down") || undefined);
  finish();
  await slow.text();
  expect(await traced.process.ended()).toBe(0);
  const ids = new Set(receiver.spans.map(({ attributes }) => attributes["aibridge.interception_id"]));
  expect(ids).toEqual(new Set([first, interceptionId(slow)]));
  expect(receiver.spans).toHaveLength(4);
});

test("a setting that is wrong stops the start", async () => {
  const wrong = await aibridge(["dataplane", "--gateway-id", "g", "--gateway-key", "k".repeat(32)], {
    OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317",
  });
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT: expected a URL"),
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

  /**
   * Sends one request through a gateway that traces with this provider, and closes it. Returns the status.
   * @param answered is called between the two
   */
  async function sendThrough(
    tracerProvider: TracerProvider,
    functions: RecorderFunctions,
    answered = () => {},
  ): Promise<number> {
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
    answered();
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
    let isAway = true;
    const recordInterception = () => (isAway ? Promise.reject(new Error("away")) : done());
    const isBack = () => {
      isAway = false;
    };
    expect(await sendThrough(provider, { ...recorder, recordInterception }, isBack)).toBe(503);
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
