import { readdirSync } from "node:fs";
import { eventually } from "./eventually.ts";

/** The sum of all series of a metric, by its name without prefix: "interceptions_inflight"; 0 if there are none. */
export async function metricSum(adminUrl: string, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`aibridge_${name}{`) || line.startsWith(`aibridge_${name} `))
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** Waits until a metric has a value. */
export async function untilMetric(adminUrl: string, name: string, value: number): Promise<void> {
  await eventually(async () => {
    const found = await metricSum(adminUrl, name);
    if (found !== value) throw new Error(`${name} is ${found}, not ${value}`);
    return true;
  });
}

/**
 * Waits until no request is under way and every record is acknowledged, also those in folders of former processes, which
 * a data plane takes over a moment after it is ready, and removes when they are empty.
 */
export async function untilDelivered(
  { adminUrl, spool }: { readonly adminUrl: string; readonly spool: string },
  withinMs: number,
): Promise<void> {
  await eventually(async () => {
    const folders = readdirSync(spool, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length;
    const open = await metricSum(adminUrl, "interceptions_inflight");
    const left = await metricSum(adminUrl, "spool_records");
    if (open + left > 0 || folders > 1)
      throw new Error(`${open} requests are under way, ${left} records left, ${folders} folders`);
    return true;
  }, withinMs);
}
