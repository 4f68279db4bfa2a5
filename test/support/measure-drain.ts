import { setTimeout as delay } from "node:timers/promises";
import { metricSum } from "./gateway-metrics.ts";
import type { GatewayUnderTest } from "./use-gateway.ts";

/** How a backlog was delivered. */
export interface Drain {
  /** Records that were acknowledged. */
  readonly records: number;
  readonly seconds: number;
  /** Records a second. */
  readonly rate: number;
}

/** The backlog counts as gone when so much of it is left: the traffic always has some records on their way. */
const LEFT = 0.01;
/** Time between two looks. */
const STEP_MS = 20;

interface Look {
  readonly at: number;
  readonly acknowledged: number;
  readonly waiting: number;
}

/**
 * Measures from the last look before the first acknowledgement to the first one that finds the backlog gone.
 * @throws Error if that takes longer than `withinMs`
 */
export async function measureDrain(gateway: GatewayUnderTest, withinMs: number): Promise<Drain> {
  const start = await look(gateway);
  const deadline = start.at + withinMs;
  let began = start;
  for (;;) {
    const now = await look(gateway);
    if (now.acknowledged === start.acknowledged) began = now;
    else if (now.waiting <= start.waiting * LEFT) return drainBetween(began, now);
    if (now.at > deadline) throw new Error(`${now.waiting} of ${start.waiting} records are still waiting`);
    await delay(STEP_MS);
  }
}

function drainBetween(from: Look, to: Look): Drain {
  const records = to.acknowledged - from.acknowledged;
  const seconds = (to.at - from.at) / 1000;
  return { records, seconds, rate: records / seconds };
}

async function look({ adminUrl }: GatewayUnderTest): Promise<Look> {
  const acknowledged = await metricSum(adminUrl, "records_acknowledged_total");
  const waiting = await metricSum(adminUrl, "spool_records");
  return { at: performance.now(), acknowledged, waiting };
}
