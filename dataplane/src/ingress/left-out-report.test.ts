import pino from "pino";
import { expect, test } from "vitest";
import { createMetrics } from "../telemetry/metrics.ts";
import { LeftOutReport } from "./left-out-report.ts";

test("each request counts, and each finding is logged once", async () => {
  const logged: unknown[] = [];
  const log = pino({ base: undefined }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const metrics = createMetrics({ process: false });
  const report = new LeftOutReport(log, metrics);
  const alice = { actorId: "alice", providerName: "openai" };
  const many = { taken: ["bmcp_a"], noRoom: Array.from({ length: 12 }, (_, index) => `bmcp_${index}`) };
  report.add(alice, many);
  report.add(alice, many);
  const before = { actor: "alice", provider: "openai" };
  expect(logged).toEqual([
    expect.objectContaining({ ...before, level: 40, tools: 12, first: many.noRoom.slice(0, 10) }),
    expect.objectContaining({ ...before, level: 40, tools: 1, first: ["bmcp_a"] }),
  ]);
  report.add(alice, { taken: [], noRoom: ["bmcp_11"] });
  report.add({ ...alice, actorId: "bob" }, { taken: [], noRoom: ["bmcp_11"] });
  expect(logged).toHaveLength(4);
  const { values } = await metrics.mcpToolsLeftOut.get();
  expect(values.map(({ labels, value }) => [labels, value])).toEqual([
    [{ provider: "openai", reason: "no_room" }, 26],
    [{ provider: "openai", reason: "name_taken" }, 2],
  ]);
});
