/**
 * Makes spans. Importing this loads @opentelemetry/api: a host that embeds the gateway imports it as
 * `@aibridge/dataplane/tracing`, the data plane's command only where traces are configured.
 */

import { API_VERSION } from "@aibridge/proto/channel";
import {
  type Attributes,
  type Context,
  context,
  diag,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import type { ObservationSink, ObservedUsage } from "../apis/observation.ts";
import {
  answerAttributes,
  bounded,
  callAttributes,
  errorType,
  interceptionAttributes,
  turnAttributes,
  usageAttributes,
} from "./trace-attributes.ts";
import { readTraceparent, writeTraceparent } from "./trace-context.ts";
import type {
  CallTrace,
  InterceptionTrace,
  TracedCall,
  TracedEnd,
  TracedRequest,
  Tracing,
  TurnTrace,
} from "./tracing.ts";

export type { Tracing } from "./tracing.ts";

/**
 * Traces with a host's tracer provider. A request that is handled inside a span of the host belongs to that span, any
 * other to what its `traceparent` names. Flushing and shutting down the provider is the host's.
 */
export function tracingWith(provider: TracerProvider): Tracing {
  const tracer = provider.getTracer("aibridge", API_VERSION);
  return {
    begin: (request) => beginTrace(tracer, request),
    flush: () => Promise.resolve(),
  };
}

function beginTrace(tracer: Tracer, request: TracedRequest): InterceptionTrace | undefined {
  const around = context.active();
  const isInside = trace.getSpan(around) !== undefined;
  const parent = isInside ? around : remoteParent(request);
  const options = {
    kind: isInside ? SpanKind.INTERNAL : SpanKind.SERVER,
    startTime: request.startedAtMs,
    attributes: interceptionAttributes(request),
  };
  const span = startSpan(tracer, `POST ${request.route}`, options, parent);
  if (span.isRecording()) return new RecordedTrace(tracer, span, request, parent);
  // A provider that nobody has set up yet makes spans without ids.
  return isSpanContextValid(span.spanContext()) ? unrecorded(span) : undefined;
}

/** What a host's sampler or processor throws is no matter of the request: the span is lost, and the host's diag told. */
function startSpan(tracer: Tracer, name: string, options: SpanOptions, parent: Context): Span {
  try {
    return tracer.startSpan(name, options, parent);
  } catch (error) {
    diag.error("aibridge: a span could not be started", error);
    return trace.wrapSpanContext(trace.getSpanContext(parent) ?? INVALID_SPAN_CONTEXT);
  }
}

function endSpan(span: Span, endTime?: number): void {
  try {
    span.end(endTime);
  } catch (error) {
    diag.error("aibridge: a span could not be ended", error);
  }
}

function remoteParent({ headers }: TracedRequest): Context {
  const remote = readTraceparent(headers.traceparent);
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** A trace that the sampler left out: those behind the gateway are told so. */
function unrecorded(span: Span): InterceptionTrace {
  const traceparent = writeTraceparent(span.spanContext());
  const nothing = () => undefined;
  return {
    turn: () => ({ traceparent, sink: (inner) => inner, end: nothing }),
    call: () => ({ traceparent, end: nothing }),
    end: () => endSpan(span),
  };
}

class RecordedTrace implements InterceptionTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #inside: Context;
  readonly #request: TracedRequest;
  readonly #turns: Attributes;

  constructor(tracer: Tracer, span: Span, request: TracedRequest, parent: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#inside = trace.setSpan(parent, span);
    this.#request = request;
    this.#turns = turnAttributes(request);
  }

  turn(): TurnTrace {
    const name = `chat ${bounded(this.#request.model)}`;
    return new RecordedTurn(this.#startClientSpan(name, this.#turns), this.#request);
  }

  call(call: TracedCall): CallTrace {
    const attributes = callAttributes(call, this.#request.interceptionId);
    const span = this.#startClientSpan(`execute_tool ${bounded(call.tool)}`, attributes);
    return {
      traceparent: writeTraceparent(span.spanContext()),
      end: (error) => {
        if (error !== undefined) fail(span, errorType(error, 0));
        endSpan(span, nowIn(this.#request));
      },
    };
  }

  /** As of HTTP servers: a request that was the client's own mistake is no failure of this server. */
  end(end: TracedEnd): void {
    const { outcome, status } = end;
    this.#span.setAttribute("aibridge.outcome", outcome);
    if (status > 0) this.#span.setAttribute("http.response.status_code", status);
    const isRefused = status >= 400 && status < 500;
    if (isFailure(end)) {
      const error = errorType(end.errorType, status);
      if (isRefused) this.#span.setAttribute("error.type", error);
      else fail(this.#span, error);
    }
    endSpan(this.#span, nowIn(this.#request));
  }

  #startClientSpan(name: string, attributes: Attributes): Span {
    const options = { kind: SpanKind.CLIENT, startTime: nowIn(this.#request), attributes };
    return startSpan(this.#tracer, name, options, this.#inside);
  }
}

class RecordedTurn implements TurnTrace {
  readonly #span: Span;
  readonly #request: TracedRequest;
  readonly #usages: ObservedUsage[] = [];
  readonly traceparent: string;

  constructor(span: Span, request: TracedRequest) {
    this.#span = span;
    this.#request = request;
    this.traceparent = writeTraceparent(span.spanContext());
  }

  sink(inner: ObservationSink): ObservationSink {
    return {
      message: (id) => {
        this.#span.setAttribute("gen_ai.response.id", bounded(id));
        inner.message(id);
      },
      toolCall: (call) => inner.toolCall(call),
      thought: (thought) => inner.thought(thought),
      usage: (usage) => {
        this.#usages.push(usage);
        inner.usage(usage);
      },
      answered: (answer) => {
        this.#span.setAttributes(answerAttributes(answer));
        inner.answered?.(answer);
      },
    };
  }

  end(end: TracedEnd): void {
    const { outcome, status } = end;
    this.#span.setAttributes(usageAttributes(this.#usages));
    this.#span.setAttribute("aibridge.outcome", outcome);
    if (status > 0) this.#span.setAttribute("http.response.status_code", status);
    if (isFailure(end)) fail(this.#span, errorType(end.errorType, status));
    endSpan(this.#span, nowIn(this.#request));
  }
}

/** Milliseconds since the epoch, by one clock for all spans of a request, so that each is inside the one around it. */
function nowIn({ startedAtMs, acceptedAt }: TracedRequest): number {
  return startedAtMs + performance.now() - acceptedAt;
}

/** A client that goes away is nobody's failure. */
function isFailure({ outcome }: TracedEnd): boolean {
  return outcome === "failed" || outcome === "rejected";
}

function fail(span: Span, error: string): void {
  span.setAttribute("error.type", error).setStatus({ code: SpanStatusCode.ERROR });
}
