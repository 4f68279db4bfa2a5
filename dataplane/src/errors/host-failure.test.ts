import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { hostFailure } from "./host-failure.ts";

test("a failure tells its name and place, not its text", () => {
  const error = new TypeError("cannot store 'my secret'\n    at the third line of 'my secret'");
  const { code, rawMessage, cause } = hostFailure("recordPromptUsage", error);
  expect(rawMessage).toMatch(/^recordPromptUsage failed: TypeError at .*host-failure\.test\.ts:\d+:\d+\)?$/);
  expect([code, cause]).toEqual([Code.Internal, error]);
});

test.each([
  [Object.assign(new Error("x"), { code: "ER_LOCK_DEADLOCK" }), /^f failed: ER_LOCK_DEADLOCK at /],
  ["a text", /^f failed: unknown$/],
  [Object.assign(new Error("x"), { stack: undefined }), /^f failed: Error$/],
])("%s", (thrown, message) => {
  expect(hostFailure("f", thrown).rawMessage).toMatch(message);
});

test("what says its code already stays as it is", () => {
  const error = new ConnectError("too long", Code.InvalidArgument);
  expect(hostFailure("f", error)).toBe(error);
});
