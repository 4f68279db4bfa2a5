import type { IncomingHttpHeaders } from "node:http";
import type { ApiName } from "../apis/api.ts";
import type { ObservationSink } from "../apis/observation.ts";

/**
 * Makes the spans of a gateway. Where traces are off there is none, and nothing of OpenTelemetry is loaded: what makes
 * spans is in trace-spans.ts, which only those who want traces import.
 */
export interface Tracing {
  /** The trace of a request that is about to be recorded; undefined if nobody traces after all. */
  begin(request: TracedRequest): InterceptionTrace | undefined;
  /** Hands on the spans that are held back, for at most so long. */
  flush(withinMs: number): Promise<void>;
}

/** What is known of a request when its trace begins. Nothing of its content. */
export interface TracedRequest {
  readonly interceptionId: string;
  /** The client's headers: `traceparent` says what the trace belongs to. */
  readonly headers: IncomingHttpHeaders;
  /** When it was accepted, by performance.now(), and in milliseconds since the epoch. */
  readonly acceptedAt: number;
  readonly startedAtMs: number;
  /** Path as it is configured, with the provider's name: "/anthropic/v1/messages". */
  readonly route: string;
  /** Recognised client: "Claude Code". */
  readonly client: string;
  readonly clientSessionId: string | undefined;
  readonly provider: {
    /** As configured. */
    readonly name: string;
    readonly type: string;
    /** "https://api.openai.com" */
    readonly origin: string;
  };
  readonly api: ApiName;
  /** As the client sent it, of any length. */
  readonly model: string;
  readonly streaming: boolean;
}

/** One interception: a span for all of it, one for each request to the provider, one for each call of a central tool. */
export interface InterceptionTrace {
  /** A request to the provider begins. */
  turn(): TurnTrace;
  /** A call of a central tool begins. */
  call(call: TracedCall): CallTrace;
  end(end: TracedEnd): void;
}

export interface TurnTrace {
  /** Value of the header that makes what the provider does part of the trace (W3C Trace Context). */
  readonly traceparent: string;
  /** Notes what an observer reports, and passes it on. */
  sink(inner: ObservationSink): ObservationSink;
  end(end: TracedEnd): void;
}

/** A call of a central tool. */
export interface TracedCall {
  /** The tool's own name at its server. */
  readonly tool: string;
  /** The provider's id of the call. */
  readonly callId: string;
  /** Name of the server in the policy. */
  readonly server: string;
  /** Its URL without anything secret. */
  readonly serverUrl: string;
}

export interface CallTrace {
  /** Value of `_meta.traceparent`, which makes what the server does part of the trace (MCP 2026-07-28). */
  readonly traceparent: string;
  /** @param errorType why the model got no result, or an error; undefined if all went well */
  end(errorType: string | undefined): void;
}

/** How an interception, or one request to the provider, ended. */
export interface TracedEnd {
  readonly outcome: "completed" | "failed" | "cancelled_by_client" | "rejected";
  /** Status of the answer, 0 if there was none. */
  readonly status: number;
  /** Name of what went wrong, which may be of the provider's making; undefined or "" if it has none. */
  readonly errorType: string | undefined;
}
