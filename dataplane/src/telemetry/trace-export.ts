/** Sends spans to a collector. Importing this loads OpenTelemetry's SDK: only where traces are configured. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { TraceSampling, TraceSettings } from "../config/trace-settings.ts";
import { withinTime } from "../errors/within-time.ts";
import { CollectorConnections } from "./collector-connections.ts";
import type { Logger } from "./log.ts";
import { tracingWith } from "./trace-spans.ts";
import type { Tracing } from "./tracing.ts";
import { WatchedExporter } from "./watched-exporter.ts";

/**
 * Traces that go to a collector in batches. Where it is away or slow, a bounded number of spans waits and further ones are
 * lost: no request notices. `flush` is the end: what did not arrive by then is lost, and what is made later is not sent.
 */
export function exportedTracing(settings: TraceSettings, log: Logger): Tracing {
  const { resource, sampling, maxQueued, maxBatch, delayMs, timeoutMs } = settings;
  const connections = new CollectorConnections(settings.url, certificates(settings));
  const exporter = new WatchedExporter(otlpExporter(settings, connections), { log, maxQueued });
  const provider = new TracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(resource)),
    sampler: samplerFor(sampling),
    spanProcessors: [
      onEachEnd(() => exporter.awaited()),
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: maxQueued,
        maxExportBatchSize: Math.min(maxBatch, maxQueued),
        scheduledDelayMillis: delayMs,
        // The exporter gives up by itself before.
        exportTimeoutMillis: 2 * timeoutMs,
      }),
    ],
  });
  return {
    ...tracingWith(provider),
    flush: async (withinMs) => {
      // What does not arrive stands in the log already. One batch that is refused ends a shutdown: the others go on.
      const arrived = provider.shutdown().catch(() => exporter.forceFlush());
      await withinTime(arrived, withinMs).catch(() => undefined);
      connections.cut();
    },
  };
}

function onEachEnd(ended: () => void): SpanProcessor {
  const done = () => Promise.resolve();
  return { onStart: () => undefined, onEnd: ended, forceFlush: done, shutdown: done };
}

function certificates({ ca, cert, key }: TraceSettings) {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

type ExporterOptions = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>;

function otlpExporter(
  { url, headers, gzip, timeoutMs }: TraceSettings,
  connections: CollectorConnections,
): SpanExporter {
  return new OTLPTraceExporter({
    url,
    // Asked for before every try: the only place where one that waits for its turn can be stopped.
    headers: async () => {
      if (connections.isCut) throw new Error("given up");
      return { ...headers };
    },
    compression: (gzip ? "gzip" : "none") as NonNullable<ExporterOptions["compression"]>,
    timeoutMillis: timeoutMs,
    httpAgentOptions: () => connections.agent,
  });
}

function samplerFor({ parentBased, ratio }: TraceSampling): Sampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}
