import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { describeStatus, expectStatus, OK, statusName, statusOf } from "./status.ts";

test.each([
  [OK, "OK"],
  [Code.InvalidArgument, "INVALID_ARGUMENT"],
  [Code.OutOfRange, "OUT_OF_RANGE"],
  [Code.Unauthenticated, "UNAUTHENTICATED"],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED"],
  [99, "99"],
])("code %s is written %s", (code, name) => {
  expect(statusName(code)).toBe(name);
});

test("a status is told with what the recorder said", async () => {
  const status = await statusOf(Promise.reject(new ConnectError("who?", Code.Unauthenticated)));
  expect(describeStatus(status)).toBe("UNAUTHENTICATED (who?)");
  expect(describeStatus(await statusOf(Promise.resolve()))).toBe("OK");
});

test("any of the allowed statuses will do, and no other", () => {
  const allowed = [OK, Code.AlreadyExists];
  expect(() => expectStatus("a call", { code: Code.AlreadyExists, message: "twice" }, allowed)).not.toThrow();
  expect(() => expectStatus("a call", { code: Code.Internal, message: "clash" }, allowed)).toThrow(
    "expected OK or ALREADY_EXISTS for a call; seen INTERNAL (clash) for a call",
  );
});
