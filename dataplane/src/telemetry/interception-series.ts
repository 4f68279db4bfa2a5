import type { Metrics } from "./metrics.ts";
import { HistogramSeries, type Labels, SumSeries } from "./series.ts";

/** What names a kind of interception in metrics; the model is one of a bounded number. */
export interface SeriesLabels {
  readonly provider: string;
  readonly model: string;
  readonly route: string;
  readonly client: string;
}

/** The series that interceptions of one kind are counted in. Each is shown from its first count on. */
export class InterceptionSeries {
  readonly #metrics: Metrics;
  readonly #model: Labels;
  readonly #place: Labels & { readonly route: string };
  readonly #caller: Labels;
  readonly #byOutcome = new Map<string, SumSeries>();
  readonly #byTokenType = new Map<string, SumSeries>();
  #inflight: SumSeries | undefined;
  #prompts: SumSeries | undefined;
  #overhead: HistogramSeries | undefined;
  #duration: HistogramSeries | undefined;
  #firstByte: HistogramSeries | undefined;

  /** @param initiator the label of that name, where it is on */
  constructor(metrics: Metrics, { provider, model, route, client }: SeriesLabels, initiator: Labels) {
    this.#metrics = metrics;
    this.#model = { provider, model };
    this.#place = { provider, model, route };
    this.#caller = { client, ...initiator };
  }

  get inflight(): SumSeries {
    this.#inflight ??= new SumSeries(this.#metrics.inflight, this.#place);
    return this.#inflight;
  }

  get prompts(): SumSeries {
    this.#prompts ??= new SumSeries(this.#metrics.prompts, { ...this.#model, ...this.#caller });
    return this.#prompts;
  }

  get overhead(): HistogramSeries {
    this.#overhead ??= new HistogramSeries(this.#metrics.overhead, this.#model);
    return this.#overhead;
  }

  get duration(): HistogramSeries {
    this.#duration ??= new HistogramSeries(this.#metrics.duration, this.#model);
    return this.#duration;
  }

  get firstByte(): HistogramSeries {
    this.#firstByte ??= new HistogramSeries(this.#metrics.firstByte, this.#model);
    return this.#firstByte;
  }

  interceptions(status: string): SumSeries {
    return kept(this.#byOutcome, status, () => {
      const { route } = this.#place;
      const labels = { ...this.#model, status, route, method: "POST", ...this.#caller };
      return new SumSeries(this.#metrics.interceptions, labels);
    });
  }

  tokens(type: string): SumSeries {
    return kept(this.#byTokenType, type, () => {
      const labels = { ...this.#model, type, ...this.#caller };
      return new SumSeries(this.#metrics.tokens, labels);
    });
  }
}

function kept<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  let value = values.get(key);
  if (value === undefined) {
    value = make();
    values.set(key, value);
  }
  return value;
}
