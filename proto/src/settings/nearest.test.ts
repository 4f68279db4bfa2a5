import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const KNOWN = ["tokens", "gateway-keys", "interceptions", "usage"];

test.each([
  ["token", "tokens"],
  ["tokesn", "tokens"],
  ["Usage", "usage"],
  ["interception", "interceptions"],
  ["gatewaykeys", "gateway-keys"],
  ["xyz", undefined],
  ["controlplane", undefined],
])("%s → %s", (word, expected) => {
  expect(nearest(word, KNOWN)).toBe(expected);
});
