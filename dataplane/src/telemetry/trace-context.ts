/** W3C Trace Context (https://www.w3.org/TR/trace-context/), as far as a gateway needs it. */
import type { SpanContext } from "@opentelemetry/api";

/** Version, trace id, span id, flags; a version that is not known may have more behind them. */
const traceparentForm = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const longestTraceparent = 512;

/** Reads the header; undefined for none, and for what is not valid: then the trace begins here. */
export function readTraceparent(header: unknown): SpanContext | undefined {
  if (typeof header !== "string" || header.length > longestTraceparent) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = traceparentForm.exec(header.trim()) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

export function writeTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & 1 ? "01" : "00"}`;
}

/**
 * A flat list of names and values with this `traceparent` in place of any other. A `tracestate` stays only where the trace
 * goes on that it came with: it says nothing of another one.
 */
export function withTraceparent(headers: readonly string[], traceparent: string): string[] {
  const before: string[] = [];
  const states: string[] = [];
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === "traceparent") before.push(value);
    else if (lower === "tracestate") states.push(name, value);
    else kept.push(name, value);
  }
  if (states.length > 0 && goesOn(before, traceparent)) kept.push(...states);
  kept.push("traceparent", traceparent);
  return kept;
}

/** True if what the headers named before is a part of the same trace. */
function goesOn(before: readonly string[], traceparent: string): boolean {
  const parent = readTraceparent(before.length === 1 ? before[0] : undefined);
  return parent !== undefined && parent.traceId === readTraceparent(traceparent)?.traceId;
}
