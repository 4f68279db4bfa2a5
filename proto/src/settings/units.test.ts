import { expect, test } from "vitest";
import { formatDuration, parseDuration, parseSize } from "./units.ts";

test.each([
  ["250ms", 250],
  ["10s", 10_000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["30d", 2_592_000_000],
  ["1h30m", 5_400_000],
  ["1.5s", 1500],
  ["0", 0],
])("duration %s", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(["", "10", "s", "-1s", "1w", "1 s", "1e3s"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(`found "${text}"`);
});

test.each([
  ["100", 100],
  ["64KiB", 65_536],
  ["1MiB", 1_048_576],
  ["4GiB", 4_294_967_296],
  ["1mb", 1_000_000],
  ["1.5 KiB", 1536],
])("size %s", (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(["", "MiB", "-1", "1XB", "1 2"])("%j is no size", (text) => {
  expect(() => parseSize(text)).toThrow(`found "${text}"`);
});

test("what a number cannot hold is refused", () => {
  expect(() => parseSize("99999999TiB")).toThrow("too large");
  expect(() => parseDuration("999999999999d")).toThrow("too large");
});

test.each([250, 10_000, 90_000, 3_600_000, 86_400_000, 1])(
  "%i ms is written as it is read",
  (milliseconds) => {
    expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
  },
);
