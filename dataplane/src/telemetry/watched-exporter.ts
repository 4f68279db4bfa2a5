import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { errorCode } from "../errors/from-reason.ts";
import type { Logger } from "./log.ts";

type ResultCallback = Parameters<SpanExporter["export"]>[1];

export interface WatchedExporterOptions {
  readonly log: Logger;
  /** Spans that wait for this exporter at most; its queue drops others. */
  readonly maxQueued: number;
}

/** An exporter whose outages stand in the log: one line when spans begin to get lost, one when they arrive again. */
export class WatchedExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #options: WatchedExporterOptions;
  #waiting = 0;
  /** Spans lost in the outage under way; undefined while there is none. */
  #lost: number | undefined;
  /** True if the queue dropped spans since the last batch arrived. */
  #overflowed = false;

  constructor(exporter: SpanExporter, options: WatchedExporterOptions) {
    this.#exporter = exporter;
    this.#options = options;
  }

  /** A span is about to be queued. */
  awaited(): void {
    if (this.#waiting < this.#options.maxQueued) {
      this.#waiting++;
      return;
    }
    this.#overflowed = true;
    this.#lose(1, "the queue is full");
  }

  export(spans: ReadableSpan[], done: ResultCallback): void {
    this.#waiting -= spans.length;
    this.#exporter.export(spans, (result) => {
      // 0 is success; the package with its name is not ours to import.
      if (result.code === 0) this.#arrived();
      else this.#lose(spans.length, reasonOf(result.error));
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.#exporter.forceFlush?.() ?? Promise.resolve();
  }

  /** A collector that is merely slow takes batch after batch: its outage is over when nothing is dropped between two. */
  #arrived(): void {
    if (this.#lost !== undefined && !this.#overflowed) {
      this.#options.log.info({ lost: this.#lost }, "spans are exported again");
      this.#lost = undefined;
    }
    this.#overflowed = false;
  }

  #lose(spans: number, reason: string): void {
    if (this.#lost === undefined)
      this.#options.log.warn({ reason }, "spans cannot be exported: they are lost until they can");
    this.#lost = (this.#lost ?? 0) + spans;
  }
}

/** What the exporter's own errors mean, which have no code. */
const ownErrors: Readonly<Record<string, string>> = {
  "Request timed out": "timeout",
  "Export failed with retryable status": "HTTP 429, 502, 503 or 504",
};

/** Never the text of an error: it may be what the collector said. */
function reasonOf(error: Error | undefined): string {
  const code = error !== undefined && "code" in error ? error.code : undefined;
  if (typeof code === "number") return `HTTP ${code}`;
  return ownErrors[error?.message ?? ""] ?? errorCode(error);
}
