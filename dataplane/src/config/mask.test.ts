import { expect, test } from "vitest";
import { maskCredential } from "./mask.ts";

test.each([
  ["sk-ant-api03-0123456789abcdef", "sk-a…cdef"],
  ["0123456789abcdef", "01…ef"],
  ["short", "…"],
  ["", "…"],
])("%j shows as %j", (credential, masked) => {
  expect(maskCredential(credential)).toBe(masked);
});
