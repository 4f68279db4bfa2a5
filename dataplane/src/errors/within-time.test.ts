import { Code } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { withinTime } from "./within-time.ts";

test("what comes in time passes as it is", async () => {
  await expect(withinTime(Promise.resolve(7), 60_000)).resolves.toBe(7);
  const failure = new Error("no");
  await expect(withinTime(Promise.reject(failure), 60_000)).rejects.toBe(failure);
});

test("what takes too long, or is given up, is a failure", async () => {
  const never = new Promise(() => undefined);
  await expect(withinTime(never, 1)).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  await expect(withinTime(never, 60_000, AbortSignal.timeout(1))).rejects.toMatchObject({
    code: Code.Canceled,
  });
  await expect(withinTime(never, 60_000, AbortSignal.abort())).rejects.toMatchObject({ code: Code.Canceled });
});

test("nothing stays behind", async () => {
  vi.useFakeTimers();
  const abort = new AbortController();
  const remove = vi.spyOn(abort.signal, "removeEventListener");
  await withinTime(Promise.resolve(), 60_000, abort.signal);
  expect(vi.getTimerCount()).toBe(0);
  expect(remove).toHaveBeenCalledOnce();
  vi.useRealTimers();
});
