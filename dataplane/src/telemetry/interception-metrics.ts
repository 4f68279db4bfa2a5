import type { ObservedUsage } from "../apis/observation.ts";
import { BoundedLabel, type Metrics } from "./metrics.ts";

/** What names one interception in metrics. */
export interface InterceptionLabels {
  readonly provider: string;
  readonly model: string;
  readonly route: string;
  readonly client: string;
  readonly initiatorId: string;
}

/** Bounds the values that clients and models choose, once for a data plane. */
export class LabelBounds {
  readonly models = new BoundedLabel();
  readonly tools = new BoundedLabel();
  readonly types = new BoundedLabel();
}

/** The metrics of one interception. */
export class InterceptionMetrics {
  readonly #metrics: Metrics;
  readonly #bounds: LabelBounds;
  readonly #labels: InterceptionLabels;
  readonly #model: string;
  readonly #initiator: { initiator_id?: string };
  readonly #acceptedAt: number;
  #inflight = false;

  /** @param acceptedAt when the request was accepted, by performance.now() */
  constructor(metrics: Metrics, bounds: LabelBounds, labels: InterceptionLabels, acceptedAt: number) {
    this.#metrics = metrics;
    this.#bounds = bounds;
    this.#labels = labels;
    this.#model = bounds.models.value(labels.model);
    this.#initiator = metrics.withInitiator ? { initiator_id: labels.initiatorId } : {};
    this.#acceptedAt = acceptedAt;
  }

  began(): void {
    this.#inflight = true;
    this.#metrics.inflight.inc(this.#place());
  }

  /** The gateway's own time before the request went upstream, in milliseconds. */
  dispatched(ownMs: number): void {
    this.#metrics.overhead.observe({ provider: this.#labels.provider, model: this.#model }, ownMs / 1000);
  }

  prompted(): void {
    const { provider, client } = this.#labels;
    this.#metrics.prompts.inc({ provider, model: this.#model, client, ...this.#initiator });
  }

  toolSelected(name: string): void {
    const { provider } = this.#labels;
    this.#metrics.toolSelections.inc({ provider, model: this.#model, name: this.#bounds.tools.value(name) });
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
    const { provider, route, client } = this.#labels;
    if (this.#inflight) this.#metrics.inflight.dec(this.#place());
    const labels = {
      provider,
      model: this.#model,
      status: end.outcome,
      route,
      method: "POST",
      client,
      ...this.#initiator,
    };
    this.#metrics.interceptions.inc(labels);
    const place = { provider, model: this.#model };
    this.#metrics.duration.observe(place, (performance.now() - this.#acceptedAt) / 1000);
    if (end.timeToFirstByteMs !== undefined)
      this.#metrics.firstByte.observe(place, end.timeToFirstByteMs / 1000);
  }

  #count(type: string, tokens: number): void {
    if (tokens === 0) return;
    const { provider, client } = this.#labels;
    this.#metrics.tokens.inc({ provider, model: this.#model, type, client, ...this.#initiator }, tokens);
  }

  #place() {
    return { provider: this.#labels.provider, model: this.#model, route: this.#labels.route };
  }
}
