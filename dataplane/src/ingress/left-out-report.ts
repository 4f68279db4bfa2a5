import type { LeftOutTools } from "../apis/written-tools.ts";
import type { ToolPolicyQuery } from "../control/tool-policies.ts";
import { LruMap } from "../memory/lru-map.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** What was told of is remembered up to this many times; then the oldest may be told of again. */
const maxTold = 10_000;
/** Ids that a log line names. */
const maxNamed = 10;

const reasons = {
  noRoom: { label: "no_room", text: "central tools are left out of requests: the provider takes no more" },
  taken: {
    label: "name_taken",
    text: "central tools are left out of requests: the client has tools of their names",
  },
} as const;

/** Tells operators of central tools that do not go into requests: each request in a metric, each finding once in the log. */
export class LeftOutReport {
  readonly #log: Logger;
  readonly #metrics: Pick<Metrics, "mcpToolsLeftOut">;
  readonly #told = new LruMap<true>(maxTold);

  constructor(log: Logger, metrics: Pick<Metrics, "mcpToolsLeftOut">) {
    this.#log = log;
    this.#metrics = metrics;
  }

  /** A request of the actor to the provider went without these tools. */
  add(
    { actorId, providerName }: Pick<ToolPolicyQuery, "actorId" | "providerName">,
    tools: LeftOutTools,
  ): void {
    for (const reason of ["noRoom", "taken"] as const) {
      const ids = tools[reason];
      if (ids.length === 0) continue;
      const { label, text } = reasons[reason];
      this.#metrics.mcpToolsLeftOut.inc({ provider: providerName, reason: label }, ids.length);
      const named = ids.slice(0, maxNamed);
      const finding = JSON.stringify([actorId, providerName, reason, ids.length, named]);
      if (this.#told.get(finding)) continue;
      this.#told.set(finding, true);
      this.#log.warn({ actor: actorId, provider: providerName, tools: ids.length, first: named }, text);
    }
  }
}
