import { expect, test } from "vitest";
import { readTraceparent, withTraceparent, writeTraceparent } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

test.each([
  ["sampled", `00-${traceId}-${spanId}-01`, 1],
  ["not sampled", `00-${traceId}-${spanId}-00`, 0],
  ["with flags that are not known", `00-${traceId}-${spanId}-fe`, 0],
  ["of a later version", `cc-${traceId}-${spanId}-01`, 1],
  ["of a later version with more to it", `cc-${traceId}-${spanId}-01-what-the-future-brings`, 1],
  ["with blanks around it", ` 00-${traceId}-${spanId}-01 `, 1],
])("a traceparent %s is read", (_, header, traceFlags) => {
  expect(readTraceparent(header)).toEqual({ traceId, spanId, traceFlags, isRemote: true });
});

test.each([
  ["none", undefined],
  ["several", [`00-${traceId}-${spanId}-01`]],
  ["an empty one", ""],
  ["one of the forbidden version", `ff-${traceId}-${spanId}-01`],
  ["one of version 00 with more to it", `00-${traceId}-${spanId}-01-more`],
  ["one with something behind its flags", `cc-${traceId}-${spanId}-01.more`],
  ["one in upper case", `00-${traceId.toUpperCase()}-${spanId}-01`],
  ["one without a trace", `00-${"0".repeat(32)}-${spanId}-01`],
  ["one without a span", `00-${traceId}-${"0".repeat(16)}-01`],
  ["a short one", `00-${traceId}-${spanId}`],
  ["an endless one", `cc-${traceId}-${spanId}-01-${"x".repeat(10_000)}`],
])("%s is not", (_, header) => {
  expect(readTraceparent(header)).toBeUndefined();
});

test("what is written is read again", () => {
  const context = { traceId, spanId, traceFlags: 1 };
  expect(readTraceparent(writeTraceparent(context))).toMatchObject(context);
});

const later = "0123456789abcdef";

test("a traceparent takes the place of every other, and the rest stays as it came", () => {
  const [before, after] = [`00-${traceId}-${spanId}-01`, `00-${traceId}-${later}-01`];
  const headers = ["Traceparent", before, "X-One", "1", "TraceState", "vendor=1", "tracestate", "other=2"];
  expect(withTraceparent(headers, after)).toEqual([
    ...["X-One", "1", "TraceState", "vendor=1", "tracestate", "other=2"],
    ...["traceparent", after],
  ]);
});

test.each([
  ["another trace", ["traceparent", `00-${"1".repeat(32)}-${spanId}-01`]],
  ["no valid one", ["traceparent", `00-${traceId}`]],
  ["several", ["traceparent", `00-${traceId}-${spanId}-01`, "traceparent", `00-${traceId}-${spanId}-00`]],
  ["none", []],
])("a tracestate that belongs to %s does not go on with a new trace", (_, sent) => {
  const headers = [...sent, "Tracestate", "vendor=1", "x-one", "1"];
  const traceparent = `00-${traceId}-${later}-01`;
  expect(withTraceparent(headers, traceparent)).toEqual(["x-one", "1", "traceparent", traceparent]);
});
