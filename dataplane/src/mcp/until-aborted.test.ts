import { expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

const never = new Promise<string>(() => undefined);

test("what the promise brings is passed on", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(Promise.resolve("value"), signal)).toBe("value");
  await expect(untilAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
});

test("an abort ends the wait, with its reason", async () => {
  const controller = new AbortController();
  const waiting = untilAborted(never, controller.signal);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(untilAborted(never, controller.signal)).rejects.toThrow("enough");
});
