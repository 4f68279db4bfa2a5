import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RecordKind } from "../domain/records.ts";

const PREFIX = "aibridge_";

/** The control plane's metrics, in a registry of their own. */
export class Metrics {
  readonly registry = new Registry();

  readonly recordsStored = new Counter({
    name: `${PREFIX}records_stored_total`,
    help: "Records added to the database; one that was there already is not counted.",
    labelNames: ["kind"] as const satisfies readonly string[],
    registers: [this.registry],
  });

  readonly recordsRejected = new Counter({
    name: `${PREFIX}record_rejections_total`,
    help: "Records refused for good.",
    labelNames: ["reason"] as const satisfies readonly string[],
    registers: [this.registry],
  });

  readonly storeFailures = new Counter({
    name: `${PREFIX}store_failures_total`,
    help: "Transactions of records that failed; their records are sent again.",
    registers: [this.registry],
  });

  readonly configRejected = new Counter({
    name: `${PREFIX}config_rejected_total`,
    help: "Contents of the configuration file that could not be used.",
    registers: [this.registry],
  });

  readonly #rpcSeconds = new Histogram({
    name: `${PREFIX}rpc_duration_seconds`,
    help: "Duration of unary calls.",
    labelNames: ["service", "method", "code"] as const satisfies readonly string[],
    registers: [this.registry],
  });

  readonly #rpcStreams = new Gauge({
    name: `${PREFIX}rpc_streams`,
    help: "Streams that are open.",
    labelNames: ["service", "method"] as const satisfies readonly string[],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
  }

  /** Counts what a transaction added. */
  countStored(added: ReadonlyMap<RecordKind, number>): void {
    for (const [kind, count] of added) {
      this.recordsStored.inc({ kind }, count);
    }
  }

  /** Times unary calls and counts open streams. */
  readonly interceptor: Interceptor = (next) => async (request) => {
    const labels = { service: request.service.typeName, method: request.method.name };
    if (request.stream) {
      const response = await next(request);
      return response.stream ? { ...response, message: this.#counted(response.message, labels) } : response;
    }
    const stop = this.#rpcSeconds.startTimer(labels);
    try {
      const response = await next(request);
      stop({ code: "ok" });
      return response;
    } catch (error) {
      stop({ code: Code[ConnectError.from(error).code].toLowerCase() });
      throw error;
    }
  };

  async *#counted<T>(messages: AsyncIterable<T>, labels: { service: string; method: string }) {
    this.#rpcStreams.inc(labels);
    try {
      yield* messages;
    } finally {
      this.#rpcStreams.dec(labels);
    }
  }
}
