import { CONNECTIONS, type CpuComparison, PACED_CONNECTIONS } from "../measure/cpu-rounds.ts";
import type { MemoryComparison } from "../measure/open-streams.ts";
import type { Recorded } from "../topology/gateway.ts";
import { type Column, renderTable } from "./table.ts";

/** What went through gateways, and what was found in the store afterwards. */
export interface RecordCheck {
  readonly expected: Recorded;
  readonly recorded: Recorded;
}

/** Everything a run of the bench found out. */
export interface Report {
  readonly quick: boolean;
  /** Version of Node.js. */
  readonly node: string;
  readonly cpu: readonly CpuComparison[];
  readonly memory: readonly MemoryComparison[];
  readonly records: RecordCheck;
  readonly seconds: number;
  /** Folder with the gateway's logs and database, if something was wrong with the records. */
  readonly kept?: string;
}

const CPU_COLUMNS: readonly Column[] = [
  { title: "CPU per request", align: "left" },
  { title: "base µs", align: "right" },
  { title: "gateway µs", align: "right" },
  ...ratioColumns(),
  { title: "p50 ms", align: "right" },
  { title: "p99 ms", align: "right" },
  { title: "requests/s", align: "right" },
];

const MEMORY_COLUMNS: readonly Column[] = [
  { title: "memory per open stream", align: "left" },
  { title: "streams", align: "right" },
  { title: "base KB", align: "right" },
  { title: "gateway KB", align: "right" },
  ...ratioColumns(),
];

/** True if every request was recorded once with the tokens of its answer. */
export function everythingRecorded({ expected, recorded }: RecordCheck): boolean {
  return (
    recorded.interceptions === expected.interceptions &&
    recorded.inputTokens === expected.inputTokens &&
    recorded.outputTokens === expected.outputTokens
  );
}

/** How many times the base line's cost the gateway's is. */
export function ratioOf(baseLine: number, gateway: number): number {
  return gateway / baseLine;
}

/** The report as tables for people. */
export function renderReport(report: Report): string {
  const parts: string[] = [];
  if (report.cpu.length > 0) parts.push(renderTable(CPU_COLUMNS, report.cpu.map(cpuRow)));
  if (report.memory.length > 0) parts.push(renderTable(MEMORY_COLUMNS, report.memory.map(memoryRow)));
  parts.push(`${recordLine(report)}\n${legend(report)}\n`);
  return parts.join("\n");
}

/** The report for programs: the figures as measured, with ratios. */
export function jsonReport(report: Report): string {
  const withRatios = {
    ...report,
    cpu: report.cpu.map((row) => ({ ...row, ratio: ratioOf(row.baseLine.cpuMicros, row.gateway.cpuMicros) })),
    memory: report.memory.map((row) => ({ ...row, ratio: ratioOf(row.baseLineBytes, row.gatewayBytes) })),
  };
  return `${JSON.stringify(withRatios, undefined, 2)}\n`;
}

function ratioColumns(): Column[] {
  return ["ratio", "budget", "to budget"].map((title) => ({ title, align: "right" }));
}

function cpuRow({ workload, baseLine, gateway }: CpuComparison): string[] {
  return [
    workload.name,
    baseLine.cpuMicros.toFixed(0),
    gateway.cpuMicros.toFixed(0),
    ...ratioCells(ratioOf(baseLine.cpuMicros, gateway.cpuMicros), workload.budget),
    fromTo(milliseconds(baseLine.p50Micros), milliseconds(gateway.p50Micros)),
    fromTo(milliseconds(baseLine.p99Micros), milliseconds(gateway.p99Micros)),
    fromTo(baseLine.requestsPerSecond.toFixed(0), gateway.requestsPerSecond.toFixed(0)),
  ];
}

function memoryRow({ workload, streams, baseLineBytes, gatewayBytes }: MemoryComparison): string[] {
  return [
    workload.name,
    String(streams),
    (baseLineBytes / 1024).toFixed(1),
    (gatewayBytes / 1024).toFixed(1),
    ...ratioCells(ratioOf(baseLineBytes, gatewayBytes), workload.budget),
  ];
}

/** The ratio, the budget, and by how much of the base line's cost the budget is kept (−) or missed (+). */
function ratioCells(ratio: number, budget: number): string[] {
  const distance = Math.round((ratio - budget) * 100);
  return [ratio.toFixed(2), budget.toFixed(2), signed(distance)];
}

function signed(percent: number): string {
  if (percent === 0) return "0%";
  return percent > 0 ? `+${percent}%` : `−${-percent}%`;
}

function milliseconds(micros: number): string {
  return (micros / 1000).toFixed(1);
}

function fromTo(baseLine: string, gateway: string): string {
  return `${baseLine} → ${gateway}`;
}

function recordLine({ records, kept }: Report): string {
  const { expected, recorded } = records;
  const found = `records: ${recorded.interceptions} interceptions of ${expected.interceptions} requests`;
  if (everythingRecorded(records)) return `${found}, every token counted`;
  const input = `${recorded.inputTokens} of ${expected.inputTokens} input tokens`;
  const output = `${recorded.outputTokens} of ${expected.outputTokens} output tokens`;
  return `MISMATCH in ${found}; ${input}, ${output}; logs: ${kept}`;
}

function legend({ quick, node, seconds }: Report): string {
  return [
    "µs: CPU time of the process, user and system, all threads, a request; the smallest of the interleaved rounds.",
    `p50, p99, requests/s: base line → gateway, the middle of the rounds, ${CONNECTIONS} connections (paced: ${PACED_CONNECTIONS}); load,`,
    "provider and control plane run on the same machine. to budget: how far the ratio is below (−) or above (+) it, in",
    "percent of the base line's cost.",
    `Node ${node}, ${quick ? "quick" : "full"} run, ${seconds.toFixed(0)} s`,
  ].join("\n");
}
