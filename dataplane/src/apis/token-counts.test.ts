import fc from "fast-check";
import { expect, test } from "vitest";
import { extraTokens, hasCounts, tokenCount } from "./token-counts.ts";

const none: ReadonlySet<string> = new Set();

test.each([0, 1, Number.MAX_SAFE_INTEGER])("%d is a count", (value) => {
  expect(tokenCount(value)).toBe(value);
});

test.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "5", null, undefined, {}, [1], true])(
  "%j is no count",
  (value) => expect(tokenCount(value)).toBeUndefined(),
);

test("columns and totals are left out, details go under dotted paths", () => {
  const usage = {
    input_tokens: 1,
    total_tokens: 2,
    details: { cached: 3, other: 4, total_tokens: 5, deeper: { x: 0 } },
    list: [{ y: 1 }],
    text: "7",
  };
  expect(extraTokens(usage, new Set(["input_tokens", "details.cached"]))).toEqual({
    "details.other": 4,
    "details.deeper.x": 0,
  });
  expect(extraTokens(usage.details, none, "tool.")).toEqual({
    "tool.cached": 3,
    "tool.other": 4,
    "tool.deeper.x": 0,
  });
});

test("names of a hostile provider are harmless", () => {
  const usage: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2,"\\ud800":3}');
  expect(extraTokens(usage, none)).toEqual({ "__proto__.a": 1, constructor: 2, "\uFFFD": 3 });
  expect(Object.hasOwn(Object.prototype, "a")).toBe(false);
});

test("kinds and depth are bounded", () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, index]));
  expect(Object.keys(extraTokens(many, none))).toHaveLength(64);
  const deep: unknown = JSON.parse(`${'{"d":'.repeat(1000)}1${"}".repeat(1000)}`);
  expect(extraTokens(deep, none)).toEqual({});
});

test("any value is taken", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const count of Object.values(extraTokens(value, none))) expect(tokenCount(count)).toBe(count);
    }),
  );
});

test("a usage without numbers says nothing", () => {
  expect(hasCounts({ input_tokens: 0 })).toBe(true);
  expect(hasCounts({ input_tokens: null, service_tier: "x", details: { a: 1 } })).toBe(false);
});
