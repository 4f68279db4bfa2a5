import { expect, test } from "vitest";
import { cpuMicroseconds, residentBytes } from "./process-usage.ts";

test.runIf(process.platform === "linux")(
  "CPU time grows with work and agrees with the process's own count",
  async () => {
    const before = await cpuMicroseconds(process.pid);
    const own = process.cpuUsage();
    const until = performance.now() + 100;
    while (performance.now() < until);
    const used = process.cpuUsage(own);
    const measured = (await cpuMicroseconds(process.pid)) - before;
    expect(measured / (used.user + used.system)).toBeGreaterThan(0.8);
    expect(measured / (used.user + used.system)).toBeLessThan(1.25);
  },
);

test.runIf(process.platform === "linux")("resident memory is near the process's own count", async () => {
  expect((await residentBytes(process.pid)) / process.memoryUsage.rss()).toBeCloseTo(1, 0);
});
