import type { ModelAnswer, Usage } from "./answer.ts";

/** {@link Usage} with every default filled in that does not depend on the API. */
export interface FullUsage extends Usage {
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
}

/** What an answer that says nothing about usage reports. */
const defaultUsage: Usage = { input: 10, output: 5 };

/** The usage of an answer, or undefined when it reports none. */
export function usageOf(answer: ModelAnswer): FullUsage | undefined {
  if (answer.usage === "missing") return undefined;
  return fullUsage(answer.usage ?? defaultUsage);
}

export function fullUsage(usage: Usage): FullUsage {
  const cacheWrite1h = usage.cacheWrite1h ?? 0;
  const cacheWrite = usage.cacheWrite ?? (usage.cacheWrite5m ?? 0) + cacheWrite1h;
  const cacheWrite5m = usage.cacheWrite5m ?? Math.max(0, cacheWrite - cacheWrite1h);
  return { ...usage, cacheRead: usage.cacheRead ?? 0, cacheWrite, cacheWrite5m, cacheWrite1h };
}
