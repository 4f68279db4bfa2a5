/**
 * Cuts the power of a data plane at random moments under load, as far as that can be done without cutting it: the
 * process is killed, and everything that it had not synced is dropped from its spool. Then it starts again, and whatever
 * was acknowledged must be stored: the start of each request that went upstream, and the records of each answer whose
 * terminal event a client saw. The recorder is away meanwhile, so that the spool alone has them.
 *
 *     node test/faults/power-cut.ts [--durability disk|process] [--cuts 20] [--seed N]
 *
 * It fails if something is missing, which it must with `--durability process`.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { allInterceptions } from "../support/all-interceptions.ts";
import { commandOptions, oneOf } from "../support/command-options.ts";
import { untilDelivered } from "../support/gateway-metrics.ts";
import { learnCaller } from "../support/learn-caller.ts";
import { checkStored, type StoreCheck } from "../support/mixed-traffic/check-stored.ts";
import { numberOf, planRequest } from "../support/mixed-traffic/planned-request.ts";
import type { Sighting } from "../support/mixed-traffic/send-planned.ts";
import { plannedAnswers, Traffic } from "../support/mixed-traffic/traffic.ts";
import { DurableShadow, trackerOf } from "../support/power-cut/durable-shadow.ts";
import { anySeed, randomNumbers } from "../support/random-numbers.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const CONNECTIONS = 16;
/** Answers before a cut, at most. */
const MAX_ANSWERS = 250;
/** Longest time from the moment that was drawn to the cut. */
const MAX_JITTER_MS = 60;
const PATIENCE_MS = 60_000;

/** A gateway whose data plane can lose its power. */
export interface PowerCutGateway extends GatewayUnderTest {
  /** Kills the data plane and drops from its spool what was not synced. It stays down. */
  cutPower(): Promise<void>;
}

export interface CutOutcome extends StoreCheck {
  readonly cuts: number;
  /** Requests that went upstream. */
  readonly upstream: number;
}

/** The levels of durability that rest on the spool alone. */
const levels = ["process", "disk"] as const;
type Level = (typeof levels)[number];

/** Starts one with the planned answers of a seed. */
export async function usePowerCutGateway(seed: number, durability: Level): Promise<PowerCutGateway> {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-power-"));
  const [spool, shadow] = [join(folder, "spool"), join(folder, "shadow")];
  mkdirSync(spool, { mode: 0o700 });
  const gateway = await useGateway({
    provider: { script: plannedAnswers(seed) },
    config: (url) => configuration(url, durability),
    spool,
    dataPlaneEnv: { NODE_OPTIONS: `--import=${trackerOf(spool, shadow)}` },
  });
  return {
    ...gateway,
    cutPower: async () => {
      await gateway.dataPlane.stop("SIGKILL");
      new DurableShadow(shadow).restore(spool);
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(url: string, durability: Level): string {
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
recording: { durability: ${durability} }
`;
}

/** Cuts the power so many times under load. The provider must give the planned answers of the same seed. */
export async function cutUnderLoad(
  gateway: PowerCutGateway,
  cuts: number,
  seed: number,
): Promise<CutOutcome> {
  const random = randomNumbers(seed);
  const sightings: Sighting[] = [];
  let next = 0;
  for (let cut = 0; cut < cuts; cut += 1) {
    await learnCaller(gateway);
    await gateway.controlPlane.stop("SIGKILL");
    const traffic = new Traffic(gateway, seed, CONNECTIONS, next);
    await traffic.untilAnswered(1 + Math.floor(random() * MAX_ANSWERS), PATIENCE_MS);
    await delay(random() * MAX_JITTER_MS);
    await gateway.cutPower();
    next = await traffic.stop();
    sightings.push(...traffic.sightings);
    await gateway.startControlPlane();
    await gateway.startDataPlane();
    await untilDelivered(gateway, PATIENCE_MS);
  }
  const upstream = gateway.provider.requests.flatMap(({ headers }) => numberOf(headers["user-agent"]) ?? []);
  const stored = await allInterceptions(gateway);
  const check = checkStored(stored, sightings, (number) => planRequest(seed, number), upstream);
  return { ...check, cuts, upstream: upstream.length };
}

if (import.meta.main) {
  const { cuts, seed, ...options } = commandOptions({ durability: "disk", cuts: 20, seed: anySeed() });
  const durability = oneOf("durability", options.durability, levels);
  process.stdout.write(`power cuts with durability ${durability}, seed ${seed}\n`);
  await using gateway = await usePowerCutGateway(seed, durability);
  const outcome = await cutUnderLoad(gateway, cuts, seed);
  process.stdout.write(
    `${outcome.cuts} cuts; ${outcome.upstream} requests went upstream, ${outcome.seen} were answered, ` +
      `${outcome.whole} of them seen whole; ${outcome.stored} are stored, ${outcome.crashed} closed as crashed\n` +
      `${outcome.problems.length} problems\n`,
  );
  for (const problem of outcome.problems.slice(0, 50)) process.stdout.write(`  ${problem}\n`);
  process.exitCode = outcome.problems.length === 0 ? 0 : 1;
}
