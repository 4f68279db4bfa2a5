import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
  type TracerProviderOptions,
} from "@opentelemetry/sdk-trace";
import { expect, onTestFinished, test } from "vitest";
import type { ObservationSink, ObservedUsage } from "../apis/observation.ts";
import { tracingWith } from "./trace-spans.ts";
import type { TracedRequest } from "./tracing.ts";

const request: TracedRequest = {
  interceptionId: "i-1",
  headers: {},
  acceptedAt: performance.now(),
  startedAtMs: Date.now(),
  route: "/openai/v1/responses",
  client: "Codex",
  clientSessionId: "session-1",
  provider: { name: "openai", type: "openai", origin: "https://api.openai.com" },
  api: "responses",
  model: "gpt-test",
  streaming: true,
};
const completed = { outcome: "completed", status: 200, errorType: undefined } as const;

const usage: ObservedUsage = {
  messageId: "resp_1",
  inputTokens: 10,
  outputTokens: 5,
  cacheReadInputTokens: 3,
  cacheWriteInputTokens: 2,
  extra: { "output_tokens_details.reasoning_tokens": 4 },
  source: "reported",
  serviceTier: "",
};

function traced(options: TracerProviderOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    ...options,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const named = (name: string) =>
    exporter.getFinishedSpans().find((span) => span.name === name) as ReadableSpan;
  const tracing = tracingWith(provider);
  const begin = (one: TracedRequest) => {
    const begun = tracing.begin(one);
    if (begun === undefined) throw new Error("nobody traces");
    return begun;
  };
  return { provider, begin, spans: () => exporter.getFinishedSpans(), named };
}

function watchingSink() {
  const seen: string[] = [];
  const sink: ObservationSink = {
    message: () => seen.push("message"),
    toolCall: () => seen.push("toolCall"),
    thought: () => seen.push("thought"),
    usage: () => seen.push("usage"),
  };
  return { sink, seen };
}

test("a turn notes what its observer reports, and passes it on", () => {
  const { begin, named } = traced();
  const interception = begin(request);
  const turn = interception.turn();
  const { sink, seen } = watchingSink();
  const noting = turn.sink(sink);
  noting.message("resp_1");
  noting.thought({ messageId: "resp_1", content: "hm", source: "reasoning" });
  noting.toolCall({ messageId: "resp_1", callId: "c", tool: "t", input: "{}" });
  noting.answered?.({ model: "gpt-test-2026", finishReasons: ["completed"] });
  noting.usage(usage);
  turn.end(completed);
  interception.end(completed);
  expect(seen).toEqual(["message", "thought", "toolCall", "usage"]);
  expect(named("chat gpt-test").kind).toBe(SpanKind.CLIENT);
  expect(named("chat gpt-test").attributes).toMatchObject({
    "gen_ai.conversation.id": "session-1",
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "gpt-test-2026",
    "gen_ai.response.finish_reasons": ["completed"],
    "gen_ai.usage.input_tokens": 15,
    "gen_ai.usage.cache_read.input_tokens": 3,
    "gen_ai.usage.cache_write.input_tokens": 2,
    "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.reasoning.output_tokens": 4,
    "server.address": "api.openai.com",
    "server.port": 443,
  });
});

test("an answer without usage has no made-up zeros", () => {
  const { begin, named } = traced();
  const turn = begin(request).turn();
  turn.sink(watchingSink().sink).usage({ ...usage, source: "missing" });
  turn.end(completed);
  expect(Object.keys(named("chat gpt-test").attributes).filter((name) => name.includes("usage"))).toEqual([]);
});

test.each([
  ["anthropic", "anthropic"],
  ["bedrock", "aws.bedrock"],
  ["openai-compatible", "openai"],
  ["copilot", "github.copilot"],
])("a provider of type %s is %s", (type, name) => {
  const { begin, named } = traced();
  begin({ ...request, provider: { ...request.provider, type } })
    .turn()
    .end(completed);
  expect(named("chat gpt-test").attributes["gen_ai.provider.name"]).toBe(name);
});

test.each([
  ["the gateway's code", { status: 502, errorType: "upstream_unreachable" }, "upstream_unreachable"],
  ["no name", { status: 503, errorType: "" }, "503"],
  ["prose in place of a name", { status: 500, errorType: "you asked: how are you?" }, "500"],
  ["a name without end", { status: 200, errorType: "x".repeat(65) }, "_OTHER"],
])("a failure with %s", (_, end, shown) => {
  const { begin, named } = traced();
  const interception = begin(request);
  interception.end({ outcome: "failed", ...end });
  expect(named("POST /openai/v1/responses").attributes["error.type"]).toBe(shown);
  expect(named("POST /openai/v1/responses").status).toEqual({ code: SpanStatusCode.ERROR });
});

test("a call ends with its kind of error, or without one", () => {
  const { begin, named, spans } = traced();
  const interception = begin(request);
  const call = { callId: "c", server: "wiki", serverUrl: "https://[::1]:8443/mcp" };
  interception.call({ ...call, tool: "good" }).end(undefined);
  interception.call({ ...call, tool: "bad" }).end("timeout");
  expect(spans()).toHaveLength(2);
  expect(named("execute_tool good").status.code).toBe(SpanStatusCode.UNSET);
  expect(named("execute_tool good").attributes).toMatchObject({
    "server.address": "::1",
    "server.port": 8443,
  });
  expect(named("execute_tool bad").status.code).toBe(SpanStatusCode.ERROR);
  expect(named("execute_tool bad").attributes["error.type"]).toBe("timeout");
});

test("a request that the sampler leaves out costs nothing further, and says so to those behind the gateway", () => {
  const { begin, spans } = traced({ sampler: new AlwaysOffSampler() });
  const interception = begin(request);
  const turn = interception.turn();
  const { sink } = watchingSink();
  expect(turn.sink(sink)).toBe(sink);
  expect(turn.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  const call = interception.call({ tool: "t", callId: "c", server: "s", serverUrl: "" });
  expect(call.traceparent).toBe(turn.traceparent);
  call.end(undefined);
  turn.end(completed);
  interception.end(completed);
  expect(spans()).toEqual([]);
});

test("inside a span of the host, that span is the parent and not what the client sent", () => {
  context.setGlobalContextManager(new StackContextManager().enable());
  onTestFinished(() => context.disable());
  const { provider, begin, named } = traced();
  const host = provider.getTracer("host").startSpan("host");
  const headers = { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
  context.with(trace.setSpan(context.active(), host), () => begin({ ...request, headers }).end(completed));
  const span = named("POST /openai/v1/responses");
  expect(span.kind).toBe(SpanKind.INTERNAL);
  expect(span.parentSpanContext?.spanId).toBe(host.spanContext().spanId);
  expect(span.spanContext().traceId).toBe(host.spanContext().traceId);
});

test.each(["onStart", "onEnd"] as const)("a span processor that throws in %s fails no request", (hook) => {
  const broken = new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() });
  broken[hook] = () => {
    throw new Error("broken");
  };
  const interception = tracingWith(new TracerProvider({ spanProcessors: [broken] })).begin(request);
  const turn = interception?.turn();
  interception?.call({ tool: "t", callId: "c", server: "s", serverUrl: "" }).end(undefined);
  turn?.end(completed);
  interception?.end(completed);
});

test("a sampler that throws fails no request", () => {
  const sampler = {
    shouldSample: () => {
      throw new Error("broken");
    },
  };
  expect(tracingWith(new TracerProvider({ sampler })).begin(request)).toBeUndefined();
});

test("a tracer provider that nobody has set up traces nothing", () => {
  const tracing = tracingWith(trace.getTracerProvider());
  expect(tracing.begin(request)).toBeUndefined();
});
