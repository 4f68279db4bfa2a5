import { plaintextProblem } from "@aibridge/proto/channel";
import { type Environment, UsageError } from "@aibridge/proto/settings";
import type { Flags } from "./settings.ts";
import { VariableReader } from "./variable-reader.ts";

/** Which requests are traced. */
export interface TraceSampling {
  /** True if a parent, where there is one, has decided already. */
  readonly parentBased: boolean;
  /** Share of the others: 0 to 1. */
  readonly ratio: number;
}

/** Where spans go, and which: OpenTelemetry's environment variables, checked. */
export interface TraceSettings {
  /** URL that takes OTLP over HTTP as protobuf: "http://collector:4318/v1/traces". */
  readonly url: string;
  /** Sent with every batch. Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** Milliseconds for one batch, with everything that is tried again. */
  readonly timeoutMs: number;
  /** PEM texts for an https URL; undefined for the well-known authorities, and for no certificate. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly sampling: TraceSampling;
  /** Attributes of this process, its `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Spans that wait at most, and that travel together at most. */
  readonly maxQueued: number;
  readonly maxBatch: number;
  /** Longest wait of a span for others, in milliseconds. */
  readonly delayMs: number;
}

const samplers: Readonly<Record<string, (ratio: number) => TraceSampling>> = {
  always_on: () => ({ parentBased: false, ratio: 1 }),
  always_off: () => ({ parentBased: false, ratio: 0 }),
  traceidratio: (ratio) => ({ parentBased: false, ratio }),
  parentbased_always_on: () => ({ parentBased: true, ratio: 1 }),
  parentbased_always_off: () => ({ parentBased: true, ratio: 0 }),
  parentbased_traceidratio: (ratio) => ({ parentBased: true, ratio }),
};

/**
 * Traces are on where an endpoint is given, by flag or variable, or `OTEL_TRACES_EXPORTER` is `otlp`; undefined where
 * they are off. Names and defaults are OpenTelemetry's
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), but for the time of a batch, which
 * is 5 s so that a shutdown does not wait longer. Throws a UsageError that names the variable, never its value if that
 * may be secret.
 */
export function traceSettings(flags: Flags, env: Environment, gatewayId: string): TraceSettings | undefined {
  const url = tracesUrl(flags, env);
  if (url === undefined) return undefined;
  const read = new VariableReader(env);
  const headers = {
    ...read.headers("OTEL_EXPORTER_OTLP_HEADERS"),
    ...read.headers("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
  };
  checkUrl(url, headers, flags["insecure-plaintext"]);
  read.specific("PROTOCOL", (name) => read.choice(name, ["http/protobuf"]));
  return {
    url: url.text,
    headers,
    gzip: read.specific("COMPRESSION", (name) => read.choice(name, ["none", "gzip"])) === "gzip",
    timeoutMs: read.specific("TIMEOUT", (name) => read.number(name, 1, 60_000)) ?? 5_000,
    ca: read.specific("CERTIFICATE", (name) => read.file(name)),
    cert: read.specific("CLIENT_CERTIFICATE", (name) => read.file(name)),
    key: read.specific("CLIENT_KEY", (name) => read.file(name)),
    sampling: sampling(read),
    resource: resource(read, gatewayId),
    maxQueued: read.number("OTEL_BSP_MAX_QUEUE_SIZE", 1, 65_536) ?? 2_048,
    maxBatch: read.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, 65_536) ?? 512,
    delayMs: read.number("OTEL_BSP_SCHEDULE_DELAY", 0, 3_600_000) ?? 5_000,
  };
}

/** A URL, and the setting it was given by. */
interface GivenUrl {
  readonly text: string;
  readonly origin: string;
}

const defaultUrl = "http://localhost:4318/v1/traces";

function tracesUrl(flags: Flags, env: Environment): GivenUrl | undefined {
  const exporter = env.OTEL_TRACES_EXPORTER || undefined;
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || exporter === "none") return undefined;
  if (exporter !== undefined && exporter !== "otlp")
    throw new UsageError(`OTEL_TRACES_EXPORTER: expected otlp or none, found "${exporter}"`);
  const flag = flags["traces-endpoint"];
  if (flag !== undefined) return { text: flag, origin: "--traces-endpoint" };
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: specific, OTEL_EXPORTER_OTLP_ENDPOINT: general } = env;
  if (specific) return { text: specific, origin: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" };
  if (general)
    return { text: `${general.replace(/\/+$/, "")}/v1/traces`, origin: "OTEL_EXPORTER_OTLP_ENDPOINT" };
  return exporter === undefined ? undefined : { text: defaultUrl, origin: "OTEL_TRACES_EXPORTER" };
}

/** Spans hold no content and may travel in plaintext; headers, which as a rule hold a key, may not. */
function checkUrl({ text, origin }: GivenUrl, headers: object, insecurePlaintext: boolean): void {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username + url.password !== "")
    throw new UsageError(`${origin}: expected a URL such as ${defaultUrl}, without user and password`);
  if (insecurePlaintext || Object.keys(headers).length === 0) return;
  const problem = plaintextProblem(text);
  if (problem !== undefined) throw new UsageError(`${origin}, with OTLP headers: ${problem}`);
}

function sampling(read: VariableReader): TraceSampling {
  const name = read.choice("OTEL_TRACES_SAMPLER", Object.keys(samplers)) ?? "parentbased_always_on";
  const ratio = read.number("OTEL_TRACES_SAMPLER_ARG", 0, 1) ?? 1;
  return (samplers[name] as (ratio: number) => TraceSampling)(ratio);
}

function resource(read: VariableReader, gatewayId: string): Record<string, string> {
  const name = read.text("OTEL_SERVICE_NAME");
  return {
    "service.name": "aibridge-dataplane",
    "service.instance.id": gatewayId,
    ...read.pairs("OTEL_RESOURCE_ATTRIBUTES"),
    ...(name !== undefined && { "service.name": name }),
  };
}
