import { expect, test } from "vitest";
import { createLog } from "./log.ts";

test("each line is JSON with the time at which it was written", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => void lines.push(line) });
  const before = Date.now();
  log.info({ interceptionId: "x" }, "first");
  log.info("second");
  log.debug("not asked for");
  const after = Date.now();
  const times = lines.map((line) => (JSON.parse(line) as { time: string }).time);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["first", "second"]);
  for (const time of times) {
    expect(time).toBe(new Date(time).toISOString());
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time)).toBeLessThanOrEqual(after);
  }
});

test("the time goes on from line to line", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line) => void lines.push(line) });
  log.info("first");
  const written = Date.now();
  while (Date.now() === written);
  log.info("second");
  const [first, second] = lines.map((line) => Date.parse((JSON.parse(line) as { time: string }).time));
  expect(second).toBeGreaterThan(first as number);
});
