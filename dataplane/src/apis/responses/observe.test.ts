import { expect, test } from "vitest";
import * as wire from "../../../../test/fixtures/responses/build.ts";
import { SseScanner } from "../../sse/scan.ts";
import { verdict } from "../api.ts";
import type { ObservedUsage } from "../observation.ts";
import { ResponsesStreamObserver } from "./observe.ts";

const options = { hideUsage: false, usageOptional: false };

test("a final event too long to be read still ends the answer", () => {
  const usages: ObservedUsage[] = [];
  const sink = {
    message() {},
    toolCall() {},
    thought() {},
    usage: (usage: ObservedUsage) => void usages.push(usage),
  };
  const observer = new ResponsesStreamObserver(sink, options);
  const scanner = new SseScanner(4096);
  const verdicts: number[] = [];
  const image = { type: "image_generation_call", id: "ig_1", result: "A".repeat(10_000) };
  const stream = Buffer.from(
    wire.stream(wire.terminal("completed", [image], { usage: { input_tokens: 1, output_tokens: 2 } })),
  );
  const look = (bytes: Buffer, start: number, end: number) =>
    void verdicts.push(observer.event(bytes, start, end));
  for (let at = 0; at < stream.length; at += 1000) scanner.push(stream.subarray(at, at + 1000), look);
  expect(scanner.oversized).toBe(1);
  expect(verdicts).toEqual([verdict.relay, verdict.relay, verdict.terminal]);
  expect(observer.finish()).toEqual({ complete: true, error: undefined });
  expect(usages).toMatchObject([{ messageId: wire.messageId, source: "missing" }]);
});
