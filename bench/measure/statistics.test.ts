import { expect, test } from "vitest";
import { median, minimum, percentile } from "./statistics.ts";

const oneToHundred = Array.from({ length: 100 }, (_, index) => 100 - index);

test.each([
  { share: 0, expected: 1 },
  { share: 0.5, expected: 50 },
  { share: 0.99, expected: 99 },
  { share: 0.991, expected: 100 },
  { share: 1, expected: 100 },
])("percentile $share of 1 to 100 is $expected", ({ share, expected }) => {
  expect(percentile(oneToHundred, share)).toBe(expected);
});

test("the values are compared as numbers and left in their order", () => {
  const values = [100, 9, 20];
  expect([minimum(values), median(values)]).toEqual([9, 20]);
  expect(values).toEqual([100, 9, 20]);
});

test("a percentile of nothing is an error", () => {
  expect(() => minimum([])).toThrow(RangeError);
});
