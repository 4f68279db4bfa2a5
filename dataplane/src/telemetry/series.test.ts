import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { HistogramSeries, SumSeries } from "./series.ts";

const registry = new Registry();
const labelNames = ["provider", "model"];
const common = { help: "help", labelNames, registers: [registry] };

test("a counter's series is the one that prom-client shows", async () => {
  const counter = new Counter({ name: "counter", ...common });
  const series = new SumSeries(counter, { provider: "a", model: "m" });
  new SumSeries(counter, { provider: "a", model: "n" }).add(5);
  series.add(2);
  counter.inc({ model: "m", provider: "a" });
  new SumSeries(counter, { provider: "a", model: "m" }).add(1);
  expect((await counter.get()).values).toEqual([
    { labels: { provider: "a", model: "m" }, value: 4 },
    { labels: { provider: "a", model: "n" }, value: 5 },
  ]);
});

test("a gauge's series goes up and down", async () => {
  const gauge = new Gauge({ name: "gauge", ...common });
  const series = new SumSeries(gauge, { provider: "a", model: "m" });
  series.add(1);
  series.add(1);
  series.add(-1);
  expect((await gauge.get()).values).toEqual([{ labels: { provider: "a", model: "m" }, value: 1 }]);
});

test("a histogram's series counts as prom-client does, on and between the bounds and beyond them", async () => {
  const values = [0.01, 0.1, 0.100001, 2, 30, 31];
  const shown = async (observe: (histogram: Histogram, value: number) => void) => {
    const histogram = new Histogram({ ...common, name: "histogram", buckets: [0.1, 2, 30], registers: [] });
    for (const value of values) observe(histogram, value);
    return (await histogram.get()).values;
  };
  const labels = { provider: "a", model: "m" };
  let series: HistogramSeries | undefined;
  const held = await shown((histogram, value) => {
    series ??= new HistogramSeries(histogram, labels);
    series.observe(value);
  });
  expect(held).toEqual(await shown((histogram, value) => histogram.observe(labels, value)));
});

test("a second holder of a histogram's series counts on", async () => {
  const histogram = new Histogram({ name: "second", ...common, buckets: [1] });
  const labels = { provider: "a", model: "m" };
  new HistogramSeries(histogram, labels).observe(0.5);
  new HistogramSeries(histogram, labels).observe(0.5);
  const { values } = await histogram.get();
  expect(values.find(({ metricName }) => metricName === "second_count")?.value).toBe(2);
});
