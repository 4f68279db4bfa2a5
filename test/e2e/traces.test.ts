import { httpError, overloaded, text, thinking, toolCall } from "@aibridge/sdk/testing";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../support/eventually.ts";
import { type McpTestServer, serveMcp } from "../support/mcp/mcp-test-server.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { type ApiCase, apiModes, interceptionId, type SendOptions, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;
const exporterKey = "exporter-key-of-the-tests-0123456789";

let receiver: OtlpReceiver;
let gateway: GatewayUnderTest;
let wiki: McpTestServer;
/** `_meta` of every call that the MCP server got. */
const metas: Readonly<Record<string, unknown>>[] = [];
/** Calls that it never answers. */
let hanging = 0;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  wiki = await startWiki();
  gateway = await useGateway({
    config: (url) => configuration(url, `${wiki.url}?token=secret-of-the-url`),
    dataPlaneFlags: ["--traces-endpoint", receiver.url],
    dataPlaneEnv: {
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${exporterKey}`,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=tests",
      OTEL_SERVICE_NAME: "gateway-of-the-tests",
    },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await wiki.close();
});

function configuration(url: string, wikiUrl: string): string {
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
  - { name: nowhere, type: anthropic, base_url: "http://127.0.0.1:9?key=secret-of-the-query", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
mcp_servers:
  - { name: wiki, url: "${wikiUrl}" }
mcp: { call_timeout: 2s }
`;
}

function startWiki(): Promise<McpTestServer> {
  const inputSchema = z.object({ text: z.string() });
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "wiki", version: "1.0.0" });
    server.registerTool("read", { description: "Reads.", inputSchema }, ({ text: page }, { mcpReq }) => {
      metas.push(mcpReq._meta ?? {});
      return { content: [{ type: "text", text: `page ${page}` }] };
    });
    server.registerTool("fail", { description: "Fails.", inputSchema }, () => {
      throw new Error("no such page");
    });
    server.registerTool("hang", { description: "Hangs.", inputSchema }, () => {
      hanging++;
      return new Promise(() => undefined);
    });
    return server;
  });
  return serveMcp(toNodeHandler(handler));
}

/** Sends a request; every span of its interception, once the one for all of it is there. */
async function traced(
  api: ApiCase,
  stream: boolean,
  options: SendOptions = {},
): Promise<{ response: Response; answer: string; spans: readonly ReceivedSpan[] }> {
  const response = await send(gateway, api, stream, options);
  const answer = await response.text().catch(() => "");
  return { response, answer, spans: await spansOf(interceptionId(response)) };
}

function spansOf(id: string): Promise<readonly ReceivedSpan[]> {
  return eventually(() => {
    const spans = receiver.spans.filter((span) => span.attributes["aibridge.interception_id"] === id);
    return spans.some(({ kind }) => kind === SERVER) ? spans : undefined;
  });
}

function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of ${spans.map((span) => span.name)} are ${name}`);
  return found[0] as ReceivedSpan;
}

const facts = {
  messages: {
    route: "/anthropic/v1/messages",
    model: "claude-test",
    provider: "anthropic",
    stop: "end_turn",
    apiType: undefined,
  },
  chat: {
    route: "/openai/v1/chat/completions",
    model: "gpt-test",
    provider: "openai",
    stop: "stop",
    apiType: "chat_completions",
  },
  responses: {
    route: "/openai/v1/responses",
    model: "gpt-test",
    provider: "openai",
    stop: "completed",
    apiType: "responses",
  },
} as const;

describe.each(apiModes)("$api, stream $stream", ({ api, stream }) => {
  const { route, model, provider, stop, apiType } = facts[api];

  test("an interception is one trace: a span for all of it and one for the request to the provider", async () => {
    gateway.provider.next({
      id: "answer_1",
      content: "I am well.",
      usage: { input: 100, output: 20, cacheRead: 40 },
    });
    const body = stream && api === "chat" ? { stream_options: { include_usage: true } } : {};
    const { response, spans } = await traced(api, stream, { body, headers: { "user-agent": "codex/1" } });
    const whole = only(spans, `POST ${route}`);
    const turn = only(spans, `chat ${model}`);
    expect(spans).toHaveLength(2);
    expect(whole).toMatchObject({
      kind: SERVER,
      parentSpanId: "",
      status: 0,
      resource: {
        "service.name": "gateway-of-the-tests",
        "service.instance.id": "gw-test",
        "deployment.environment.name": "tests",
      },
    });
    expect(whole.attributes).toEqual({
      "http.request.method": "POST",
      "http.route": route,
      "http.response.status_code": 200,
      "aibridge.interception_id": interceptionId(response),
      "aibridge.provider": provider,
      "aibridge.client": "Codex",
      "aibridge.outcome": "completed",
    });
    expect(turn).toMatchObject({
      kind: CLIENT,
      traceId: whole.traceId,
      parentSpanId: whole.spanId,
      status: 0,
    });
    const { "gen_ai.usage.cache_read.input_tokens": cacheRead, ...attributes } = turn.attributes;
    expect(cacheRead).toBe(40);
    expect(attributes).toEqual({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": model,
      "gen_ai.response.id": "answer_1",
      "gen_ai.response.model": model,
      "gen_ai.response.finish_reasons": [stop],
      "gen_ai.usage.input_tokens": 140,
      "gen_ai.usage.output_tokens": 20,
      ...(stream && { "gen_ai.request.stream": true }),
      ...(apiType && { "openai.api.type": apiType }),
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(gateway.provider.url).port),
      "http.response.status_code": 200,
      "aibridge.interception_id": interceptionId(response),
      "aibridge.provider": provider,
      "aibridge.outcome": "completed",
    });
    expect(whole.startNanos).toBeLessThanOrEqual(turn.startNanos);
    expect(turn.startNanos).toBeLessThan(turn.endNanos);
    expect(turn.endNanos).toBeLessThanOrEqual(whole.endNanos);
  });

  test("a loop has a span for each request to the provider and each call, in order", async () => {
    const calls = ["a", "b"].map((page) =>
      toolCall("bmcp_wiki_read", { text: page }, { id: `call_${page}` }),
    );
    gateway.provider.next(
      { id: "turn_1", content: calls, stop: "tool_use", usage: { input: 100, output: 20 } },
      { id: "turn_2", content: "done", usage: { input: 150, output: 10 } },
    );
    const before = metas.length;
    const { response, spans } = await traced(api, stream);
    const whole = only(spans, `POST ${route}`);
    const turns = spans.filter(({ name }) => name === `chat ${model}`);
    const tools = spans.filter(({ name }) => name === "execute_tool read");
    expect(spans).toHaveLength(5);
    expect(spans.every(({ traceId }) => traceId === whole.traceId)).toBe(true);
    expect([...turns, ...tools].every(({ parentSpanId }) => parentSpanId === whole.spanId)).toBe(true);
    expect(turns.map(({ attributes }) => attributes["gen_ai.response.id"])).toEqual(["turn_1", "turn_2"]);
    expect(turns.map(({ attributes }) => attributes["gen_ai.usage.input_tokens"])).toEqual([100, 150]);
    expect(tools.map(({ attributes }) => attributes["gen_ai.tool.call.id"]).sort()).toEqual([
      "call_a",
      "call_b",
    ]);
    expect(tools[0]).toMatchObject({ kind: CLIENT, status: 0 });
    expect(tools[0]?.attributes).toEqual({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "read",
      "gen_ai.tool.type": "extension",
      "gen_ai.tool.call.id": expect.any(String),
      "mcp.method.name": "tools/call",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(wiki.url).port),
      "aibridge.mcp_server": "wiki",
      "aibridge.interception_id": interceptionId(response),
    });
    // What the server does can join the trace.
    const parents = metas.slice(before).map(({ traceparent }) => traceparent);
    expect(parents.sort()).toEqual(tools.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`).sort());
  });

  test("a refusal of the provider's is an error of the request to it, not of the gateway", async () => {
    gateway.provider.next(httpError(400, "the prompt is too long: how are you?"));
    const { spans } = await traced(api, stream);
    const turn = only(spans, `chat ${model}`);
    expect(turn.status).toBe(ERROR);
    expect(turn.statusMessage).toBe("");
    expect(turn.attributes).toMatchObject({
      "http.response.status_code": 400,
      "error.type": "invalid_request_error",
      "aibridge.outcome": "failed",
    });
    const whole = only(spans, `POST ${route}`);
    expect(whole.status).toBe(0);
    expect(whole.attributes).toMatchObject({
      "http.response.status_code": 400,
      "error.type": "invalid_request_error",
      "aibridge.outcome": "failed",
    });
  });

  test("an answer that breaks off is an error", async () => {
    gateway.provider.next({
      content: "one two three",
      deltaLength: 4,
      delivery: {
        truncate: stream ? { afterEvents: 3, ending: "reset" } : { afterBytes: 20, ending: "reset" },
      },
    });
    const { spans } = await traced(api, stream);
    for (const name of [`POST ${route}`, `chat ${model}`]) {
      const { status, attributes } = only(spans, name);
      expect(status).toBe(ERROR);
      expect(attributes).toMatchObject({ "aibridge.outcome": "failed", "error.type": expect.any(String) });
    }
  });

  test("a client that leaves is no error", async () => {
    const never = new Promise<never>(() => undefined);
    gateway.provider.next({
      content: "a b c",
      delivery: { stall: { afterEvents: stream ? 2 : 0, until: never } },
    });
    const leaving = new AbortController();
    const seen = receiver.spans.length;
    const requests = gateway.provider.requests.length;
    const answer = send(gateway, api, stream, { signal: leaving.signal });
    await gateway.provider.waitFor((one) => gateway.provider.requests.indexOf(one) === requests);
    if (stream) await (await answer).body?.getReader().read();
    leaving.abort();
    await answer.catch(() => undefined);
    const spans = await eventually(() => {
      const fresh = receiver.spans.slice(seen);
      return fresh.length === 2 ? fresh : undefined;
    });
    for (const { status, attributes } of spans) {
      expect(status).toBe(0);
      expect(attributes["aibridge.outcome"]).toBe("cancelled_by_client");
      expect(attributes).not.toHaveProperty("error.type");
    }
  });
});

test("an overloaded provider and one that is away are failures of the gateway's own answer", async () => {
  gateway.provider.next(overloaded());
  const { spans } = await traced("messages", false);
  const whole = only(spans, "POST /anthropic/v1/messages");
  expect(whole.status).toBe(ERROR);
  expect(whole.attributes).toMatchObject({
    "error.type": "overloaded_error",
    "http.response.status_code": 529,
  });

  const { path, body } = { path: "/nowhere/v1/messages", body: { model: "m", messages: [] } };
  const away = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify(body),
  });
  const awaySpans = await spansOf(interceptionId(away));
  for (const span of awaySpans)
    expect(span).toMatchObject({ status: ERROR, attributes: { "error.type": "upstream_unreachable" } });
  expect(only(awaySpans, "chat m").attributes).toMatchObject({
    "server.address": "127.0.0.1",
    "server.port": 9,
  });
});

test("a call that fails, and one that takes too long, are errors of their kind", async () => {
  gateway.provider.next(
    {
      content: [
        toolCall("bmcp_wiki_fail", { text: "x" }, { id: "call_1" }),
        toolCall("bmcp_wiki_hang", { text: "x" }, { id: "call_2" }),
        toolCall("bmcp_wiki_read", "no JSON", { id: "call_3" }),
      ],
      stop: "tool_use",
    },
    { content: "done" },
  );
  const { spans } = await traced("chat", false);
  const errors = ["fail", "hang", "read"].map((tool) => {
    const { status, attributes } = only(spans, `execute_tool ${tool}`);
    return [status, attributes["error.type"]];
  });
  expect(errors).toEqual([
    [ERROR, "tool_error"],
    [ERROR, "timeout"],
    [ERROR, "invalid_arguments"],
  ]);
  expect(only(spans, "POST /openai/v1/chat/completions").status).toBe(0);
});

test("a client that leaves during a call cancels it: nobody's failure but the call's", async () => {
  const call = toolCall("bmcp_wiki_hang", { text: "x" }, { id: "call_1" });
  gateway.provider.next({ content: [text("let me see"), call], stop: "tool_use" });
  const before = hanging;
  const leaving = new AbortController();
  const response = await send(gateway, "messages", true, { signal: leaving.signal });
  await eventually(() => hanging > before || undefined);
  leaving.abort();
  const spans = await spansOf(interceptionId(response));
  expect(spans.map(({ name }) => name).sort()).toEqual([
    "POST /anthropic/v1/messages",
    "chat claude-test",
    "execute_tool hang",
  ]);
  expect(only(spans, "execute_tool hang")).toMatchObject({
    status: ERROR,
    attributes: { "error.type": "cancelled" },
  });
  expect(only(spans, "POST /anthropic/v1/messages")).toMatchObject({
    status: 0,
    attributes: { "aibridge.outcome": "cancelled_by_client" },
  });
});

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentSpanId = "00f067aa0ba902b7";

describe("traceparent", () => {
  const upstreamParents = () =>
    gateway.provider.requests
      .at(-1)
      ?.rawHeaders.filter((_, at, all) => /^traceparent$/i.test(all[at - 1] ?? ""));

  test("the client's is the parent, and the provider gets the span of the request to it", async () => {
    const { spans } = await traced("messages", true, {
      headers: { traceparent: `00-${traceId}-${parentSpanId}-01`, tracestate: "vendor=1" },
    });
    expect(only(spans, "POST /anthropic/v1/messages")).toMatchObject({ traceId, parentSpanId });
    const turn = only(spans, "chat claude-test");
    expect(upstreamParents()).toEqual([`00-${traceId}-${turn.spanId}-01`]);
    expect(gateway.provider.requests.at(-1)?.headers.tracestate).toBe("vendor=1");
  });

  test("one that is not valid is not looked at", async () => {
    const { spans } = await traced("messages", false, {
      headers: { traceparent: `00-${traceId}-0000000000000000-01` },
    });
    const whole = only(spans, "POST /anthropic/v1/messages");
    expect(whole.parentSpanId).toBe("");
    expect(whole.traceId).not.toBe(traceId);
  });

  test("a client that does not sample gets no spans; those behind the gateway are told the same", async () => {
    const unsampled = await send(gateway, "messages", false, {
      headers: { traceparent: `00-${traceId}-${parentSpanId}-00` },
    });
    expect(unsampled.status).toBe(200);
    expect(upstreamParents()?.[0]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    // The spans of a later request have come: those of the earlier one would have come before.
    await traced("messages", false);
    const ids = receiver.spans.map(({ attributes }) => attributes["aibridge.interception_id"]);
    expect(ids).not.toContain(interceptionId(unsampled));
  });
});

test("spans hold no content and no secret, and what clients choose is cut", async () => {
  const secrets = [
    "question-of-the-client",
    "thought-of-the-model",
    "answer-of-the-model",
    "argument-of-the-model",
  ];
  gateway.provider.next(
    {
      content: [
        thinking("thought-of-the-model"),
        text("answer-of-the-model"),
        toolCall("bmcp_wiki_read", { text: "argument-of-the-model" }, { id: "call_1" }),
      ],
      stop: "tool_use",
    },
    { content: "answer-of-the-model" },
  );
  const model = "m".repeat(5_000);
  const { spans } = await traced("messages", true, {
    body: { model, messages: [{ role: "user", content: "question-of-the-client" }] },
    headers: { "x-claude-code-session-id": "session-of-the-client", "user-agent": "claude-cli/2" },
  });
  const turn = spans.find(({ name }) => name.startsWith("chat "));
  expect(turn?.name).toBe(`chat ${"m".repeat(256)}`);
  expect(turn?.attributes["gen_ai.conversation.id"]).toBe("session-of-the-client");
  const all = receiver.bytes;
  expect(all).toContain("execute_tool read");
  const never = [
    ...secrets,
    gateway.token,
    exporterKey,
    "sk-ant-central",
    "secret-of-the",
    "user:pass",
    "no such page",
  ];
  expect(never.filter((secret) => all.includes(secret))).toEqual([]);
});

test("the collector gets the headers it was promised, which stand nowhere else", async () => {
  await traced("messages", false);
  expect(receiver.batches.at(-1)).toMatchObject({
    authorization: `Bearer ${exporterKey}`,
    "content-type": "application/x-protobuf",
  });
  expect(gateway.dataPlane.output).not.toContain(exporterKey);
});
