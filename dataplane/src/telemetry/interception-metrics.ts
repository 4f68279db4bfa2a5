import type { ObservedUsage } from "../apis/observation.ts";
import { InterceptionSeries } from "./interception-series.ts";
import { BoundedLabel, type Metrics } from "./metrics.ts";
import type { Labels } from "./series.ts";

/** What names one interception in metrics. */
export interface InterceptionLabels {
  readonly provider: string;
  readonly model: string;
  readonly route: string;
  readonly client: string;
  readonly initiatorId: string;
}

/** Bounds the values that clients and models choose, and keeps what is counted under them, once for a data plane. */
export class LabelBounds {
  readonly models = new BoundedLabel();
  readonly tools = new BoundedLabel();
  readonly types = new BoundedLabel();
  readonly #series = new Map<string, InterceptionSeries>();

  /** @param labels with a model out of `models` */
  series(metrics: Metrics, labels: InterceptionLabels): InterceptionSeries {
    const { provider, model, route, client } = labels;
    const initiatorId = metrics.withInitiator ? labels.initiatorId : undefined;
    // None of them but the last may hold a line break.
    const key = `${provider}\n${route}\n${client}\n${model.length}\n${model}\n${initiatorId ?? ""}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const initiator: Labels = initiatorId === undefined ? {} : { initiator_id: initiatorId };
      series = new InterceptionSeries(metrics, { provider, model, route, client }, initiator);
      this.#series.set(key, series);
    }
    return series;
  }
}

/** The metrics of one interception. */
export class InterceptionMetrics {
  readonly #metrics: Metrics;
  readonly #bounds: LabelBounds;
  readonly #labels: InterceptionLabels;
  readonly #series: InterceptionSeries;
  readonly #acceptedAt: number;
  #inflight = false;

  /** @param acceptedAt when the request was accepted, by performance.now() */
  constructor(metrics: Metrics, bounds: LabelBounds, labels: InterceptionLabels, acceptedAt: number) {
    this.#metrics = metrics;
    this.#bounds = bounds;
    this.#labels = { ...labels, model: bounds.models.value(labels.model) };
    this.#series = bounds.series(metrics, this.#labels);
    this.#acceptedAt = acceptedAt;
  }

  began(): void {
    this.#inflight = true;
    this.#series.inflight.add(1);
  }

  /** The gateway's own time before the request went upstream, in milliseconds. */
  dispatched(ownMs: number): void {
    this.#series.overhead.observe(ownMs / 1000);
  }

  prompted(): void {
    this.#series.prompts.add(1);
  }

  toolSelected(name: string): void {
    const { provider, model } = this.#labels;
    this.#metrics.toolSelections.inc({ provider, model, name: this.#bounds.tools.value(name) });
  }

  toolInvoked(server: string, name: string): void {
    const { provider, model } = this.#labels;
    const labels = { provider, model, server, name: this.#bounds.tools.value(name) };
    this.#metrics.injectedToolInvocations.inc(labels);
  }

  /** A record that is left out. */
  lost(kind: string): void {
    this.#metrics.recordsLost.inc({ kind });
  }

  tokens(usage: ObservedUsage): void {
    this.#count("input", usage.inputTokens);
    this.#count("output", usage.outputTokens);
    this.#count("cache_read", usage.cacheReadInputTokens);
    this.#count("cache_write", usage.cacheWriteInputTokens);
    for (const type of Object.keys(usage.extra))
      this.#count(this.#bounds.types.value(type), usage.extra[type] as number);
  }

  ended(end: { readonly outcome: string; readonly timeToFirstByteMs: number | undefined }): void {
    if (this.#inflight) this.#series.inflight.add(-1);
    this.#series.interceptions(end.outcome).add(1);
    this.#series.duration.observe((performance.now() - this.#acceptedAt) / 1000);
    if (end.timeToFirstByteMs !== undefined) this.#series.firstByte.observe(end.timeToFirstByteMs / 1000);
  }

  #count(type: string, tokens: number): void {
    if (tokens > 0) this.#series.tokens(type).add(tokens);
  }
}
