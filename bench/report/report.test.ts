import { expect, test } from "vitest";
import type { CpuCost } from "../measure/cpu-rounds.ts";
import { workloadNamed } from "../workloads.ts";
import { everythingRecorded, jsonReport, type Report, renderReport } from "./report.ts";

function cost(cpuMicros: number): CpuCost {
  return {
    cpuMicros,
    roundsCpuMicros: [cpuMicros],
    p50Micros: 1500,
    p99Micros: 9000,
    requestsPerSecond: 800,
  };
}

const report: Report = {
  quick: true,
  node: "26.10.0",
  cpu: [
    { workload: workloadNamed("messages non-stream 1KB"), baseLine: cost(100), gateway: cost(150) },
    { workload: workloadNamed("chat stream 1KB"), baseLine: cost(100), gateway: cost(130) },
  ],
  memory: [
    {
      workload: workloadNamed("messages open 1KB"),
      streams: 500,
      baseLineBytes: 51200,
      gatewayBytes: 56320,
    },
  ],
  records: {
    expected: { interceptions: 7, inputTokens: 70, outputTokens: 14 },
    recorded: { interceptions: 7, inputTokens: 70, outputTokens: 14 },
  },
  seconds: 3.2,
};

function cellsOf(text: string, name: string): string[] {
  const line = text.split("\n").find((candidate) => candidate.startsWith(name)) ?? "";
  return line.slice(name.length).trim().split(/ {2,}/);
}

test("a row has both costs, their ratio, the budget and the distance to it", () => {
  const text = renderReport(report);
  const figures = ["1.5 → 1.5", "9.0 → 9.0", "800 → 800"];
  expect(cellsOf(text, "messages non-stream 1KB")).toEqual([
    "100",
    "150",
    "1.50",
    "1.80",
    "−30%",
    ...figures,
  ]);
  expect(cellsOf(text, "chat stream 1KB")).toEqual(["100", "130", "1.30", "1.15", "+15%", ...figures]);
  expect(cellsOf(text, "messages open 1KB")).toEqual(["500", "50.0", "55.0", "1.10", "1.10", "0%"]);
});

test("the table says that every request was recorded", () => {
  expect(everythingRecorded(report.records)).toBe(true);
  expect(renderReport(report)).toContain("records: 7 interceptions of 7 requests, every token counted");
});

test.each([{ interceptions: 6 }, { interceptions: 8 }, { inputTokens: 69 }, { outputTokens: 15 }])(
  "%o is a mismatch that is shown with the folder that was kept",
  (wrong) => {
    const { expected, recorded } = report.records;
    const records = { expected, recorded: { ...recorded, ...wrong } };
    expect(everythingRecorded(records)).toBe(false);
    const text = renderReport({ ...report, records, kept: "/tmp/kept" });
    expect(text).toMatch(/^MISMATCH in records: .*logs: \/tmp\/kept$/m);
  },
);

test("only what was measured has a table", () => {
  expect(renderReport({ ...report, memory: [] })).not.toContain("memory per open stream");
  expect(renderReport({ ...report, cpu: [] })).not.toContain("CPU per request");
});

test("the JSON document has the figures and the ratios", () => {
  const parsed = JSON.parse(jsonReport(report));
  expect(parsed.cpu[1]).toMatchObject({ workload: { name: "chat stream 1KB", budget: 1.15 }, ratio: 1.3 });
  expect(parsed.memory[0].ratio).toBe(1.1);
  expect(parsed.records.recorded.interceptions).toBe(7);
});
