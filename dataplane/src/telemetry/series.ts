import type { Counter, Gauge, Histogram } from "prom-client";

/**
 * prom-client finds a series by a text it makes of all labels, anew at each count: 1 µs and a few hundred bytes of
 * garbage. What is counted with every request is therefore looked up once, and the stored series itself held. They are
 * what prom-client 15 keeps in `hashMap`; series.test.ts tells if another version does not.
 */
interface Stored<Entry> {
  readonly hashMap: Readonly<Record<string, Entry & { readonly labels: Labels }>>;
}

export type Labels = Readonly<Record<string, string>>;

interface Sum {
  value: number;
}

interface Distribution {
  sum: number;
  count: number;
  readonly bucketValues: Record<number, number>;
}

/** One series of a counter or gauge. */
export class SumSeries {
  readonly #entry: Sum;

  constructor(metric: Counter | Gauge, labels: Labels) {
    this.#entry = stored<Sum>(metric, labels, () => metric.inc(labels, 0));
  }

  /** @param amount may be negative for a gauge */
  add(amount: number): void {
    this.#entry.value += amount;
  }
}

/** One series of a histogram. */
export class HistogramSeries {
  readonly #entry: Distribution;
  readonly #bounds: readonly number[];

  constructor(metric: Histogram, labels: Labels) {
    this.#entry = stored<Distribution>(metric, labels, () => metric.zero(labels));
    this.#bounds = Object.keys(this.#entry.bucketValues)
      .map(Number)
      .sort((a, b) => a - b);
  }

  observe(value: number): void {
    this.#entry.sum += value;
    this.#entry.count += 1;
    for (const bound of this.#bounds) {
      if (value > bound) continue;
      this.#entry.bucketValues[bound] = (this.#entry.bucketValues[bound] as number) + 1;
      return;
    }
  }
}

/** @param begin makes the series if there is none yet; one that is there, it could set to zero */
function stored<Entry>(metric: unknown, labels: Labels, begin: () => void): Entry {
  const find = () => Object.values((metric as Stored<Entry>).hashMap).find((one) => isOf(one.labels, labels));
  let entry = find();
  if (entry === undefined) {
    begin();
    entry = find();
  }
  if (entry === undefined) throw new Error("prom-client keeps its series elsewhere");
  return entry;
}

/** A metric's series all have the same names of labels. */
function isOf(labels: Labels, wanted: Labels): boolean {
  return Object.keys(wanted).every((name) => labels[name] === wanted[name]);
}
