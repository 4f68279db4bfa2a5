import { expect, test } from "vitest";
import { retryStatusAfter } from "./retry.ts";

test.each([500, 502, 503, 504, 529])("%i is tried again, later each time", (status) => {
  expect(retryStatusAfter(status, {}, 1)).toBeGreaterThanOrEqual(125);
  expect(retryStatusAfter(status, {}, 1)).toBeLessThanOrEqual(250);
  expect(retryStatusAfter(status, {}, 3)).toBeGreaterThanOrEqual(500);
});

test.each([400, 401, 404, 408, 429])("%i is the client's", (status) => {
  expect(retryStatusAfter(status, {}, 1)).toBeUndefined();
});

test("the provider's wishes count", () => {
  expect(retryStatusAfter(503, { "x-should-retry": "false" }, 1)).toBeUndefined();
  expect(retryStatusAfter(503, { "retry-after": "2" }, 1)).toBe(2_000);
  expect(retryStatusAfter(503, { "retry-after": "60" }, 1)).toBeUndefined();
  expect(retryStatusAfter(503, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }, 1)).toBeUndefined();
});
