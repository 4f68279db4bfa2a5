import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export interface MetricsOptions {
  /** Put before every name. @default "aibridge_" */
  readonly prefix?: string;
  /** Add the label `initiator_id` where it is defined. @default false */
  readonly initiator?: boolean;
  /** Collect the process's own metrics too. @default true */
  readonly process?: boolean;
}

/** Counts of one spool. */
export interface SpoolCounts {
  /** Records that are not acknowledged. */
  readonly records: number;
  /** What counts against the spool's limit: its files, or the memory of records without a spool. */
  readonly bytes: number;
  /** Seconds since the oldest record that is not acknowledged was made, 0 if there is none. */
  readonly oldestAgeSeconds: number;
}

const durationBuckets = [0.5, 2, 5, 15, 30, 60, 120];
const firstByteBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];
const overheadBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

/** Every metric of a data plane, declared in one place. */
export function createMetrics(options: MetricsOptions = {}) {
  const prefix = options.prefix ?? "aibridge_";
  const registry = new Registry();
  const initiator = options.initiator ? ["initiator_id"] : [];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: prefix + name, help, labelNames, registers: [registry] });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: prefix + name, help, labelNames, registers: [registry] });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: prefix + name, help, labelNames, buckets, registers: [registry] });
  let spool: () => SpoolCounts = () => ({ records: 0, bytes: 0, oldestAgeSeconds: 0 });
  let configAge: () => number = () => 0;
  if (options.process ?? true) collectDefaultMetrics({ register: registry, prefix });

  const metrics = {
    registry,
    withInitiator: options.initiator ?? false,
    interceptions: counter("interceptions_total", "Interceptions that ended", [
      "provider",
      "model",
      "status",
      "route",
      "method",
      "client",
      ...initiator,
    ]),
    inflight: gauge("interceptions_inflight", "Interceptions under way", ["provider", "model", "route"]),
    duration: histogram(
      "interceptions_duration_seconds",
      "From accepting a request to its end",
      ["provider", "model"],
      durationBuckets,
    ),
    firstByte: histogram(
      "time_to_first_byte_seconds",
      "From accepting a request to the first byte sent to the client",
      ["provider", "model"],
      firstByteBuckets,
    ),
    overhead: histogram(
      "gateway_overhead_seconds",
      "The gateway's own time before the first byte, without the client's and the provider's",
      ["provider", "model"],
      overheadBuckets,
    ),
    passthrough: counter("passthrough_total", "Requests passed through", ["provider", "route", "method"]),
    refusals: counter("refusals_total", "Requests that the gateway answered with an error of its own", [
      "code",
    ]),
    prompts: counter("prompts_total", "Prompts", ["provider", "model", "client", ...initiator]),
    tokens: counter("tokens_total", "Tokens", ["provider", "model", "type", "client", ...initiator]),
    toolSelections: counter(
      "non_injected_tool_selections_total",
      "Tool calls of the model that the client runs",
      ["provider", "model", "name"],
    ),
    injectedToolInvocations: counter(
      "injected_tool_invocations_total",
      "Central tools that the gateway ran",
      ["provider", "model", "server", "name"],
    ),
    mcpServerUp: gauge("mcp_server_up", "1 if the MCP server answered the last time, else 0", ["server"]),
    mcpDiscoveryFailures: counter(
      "mcp_discovery_failures_total",
      "Requests that went without the tools of an MCP server because it did not list them in time",
      ["server"],
    ),
    mcpToolsChanged: counter(
      "mcp_tools_changed_total",
      "Definitions of central tools that were found to differ from what is approved",
      ["server"],
    ),
    mcpToolsLeftOut: counter(
      "mcp_tools_left_out_total",
      "Central tools that requests went without: the provider takes no more, or the client has tools of their names",
      ["provider", "reason"],
    ),
    recordsAcknowledged: counter("records_acknowledged_total", "Records acknowledged by the recorder", [
      "kind",
    ]),
    recordsRejected: counter("records_rejected_total", "Records rejected by the recorder", ["kind"]),
    recordsRefused: counter(
      "records_refused_total",
      "Starts that could not be recorded: the request was refused",
      ["kind"],
    ),
    recordsLost: counter("records_lost_total", "Records that were lost", ["kind"]),
    configRejected: counter("config_rejected_total", "Configurations refused; the last good one stayed", []),
    /** Tells where the age of the configuration is read from, in seconds. */
    watchConfigAge: (read: () => number) => {
      configAge = read;
    },
    /** Tells where the spool gauges read from. */
    watchSpool: (read: () => SpoolCounts) => {
      spool = read;
    },
  };
  gaugeOf(
    registry,
    `${prefix}config_age_seconds`,
    "Time since the configuration in force was last known to be its source's; 0 while the source is heard",
    () => configAge(),
  );
  gaugeOf(registry, `${prefix}spool_records`, "Records that are not acknowledged yet", () => spool().records);
  gaugeOf(
    registry,
    `${prefix}spool_bytes`,
    "Bytes of the spool's files, which recording.spool_max_bytes limits (without a spool: of records in memory)",
    () => spool().bytes,
  );
  gaugeOf(
    registry,
    `${prefix}spool_oldest_age_seconds`,
    "Age of the oldest record that is not acknowledged yet",
    () => spool().oldestAgeSeconds,
  );
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;

function gaugeOf(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** Distinct values a label takes before further ones are counted as "other". */
const maxLabelValues = 200;

/** Keeps client-chosen label values (models, tools) from growing without bound: what comes late is "other". */
export class BoundedLabel {
  readonly #seen = new Set<string>();

  value(text: string): string {
    if (this.#seen.has(text)) return text;
    if (this.#seen.size >= maxLabelValues || text.length > 128) return "other";
    this.#seen.add(text);
    return text;
  }
}
