/**
 * Kills the data plane and the control plane at random moments while clients of every kind send requests, starts them
 * again each time, and compares what is stored in the end with what the clients saw and the provider sent.
 *
 *     node test/faults/kill-storm.ts [--database sqlite|mariadb] [--interceptions 10000] [--kills 20] [--seed N]
 *
 * `--kills` is the number for each plane. It fails if a record is missing, there twice, or not what was sent.
 */
import { setTimeout as delay } from "node:timers/promises";
import { allInterceptions } from "../support/all-interceptions.ts";
import { commandOptions, oneOf } from "../support/command-options.ts";
import { untilDelivered } from "../support/gateway-metrics.ts";
import { checkStored, type StoreCheck } from "../support/mixed-traffic/check-stored.ts";
import { planRequest } from "../support/mixed-traffic/planned-request.ts";
import { rowProblems } from "../support/mixed-traffic/stored-rows.ts";
import { plannedAnswers, Traffic } from "../support/mixed-traffic/traffic.ts";
import { anySeed, randomNumbers } from "../support/random-numbers.ts";
import {
  type DatabaseKind,
  databaseKinds,
  type GatewayUnderTest,
  useGateway,
} from "../support/use-gateway.ts";

const CONNECTIONS = 32;
/** Longest time from the moment that was drawn to the kill, so that kills do not keep step with answers. */
const MAX_JITTER_MS = 40;
/** How long a process lives that is killed while it starts, at most. */
const MAX_SHORT_LIFE_MS = 1_200;
/** How many of the kills hit a process that is just starting. */
const KILLED_AT_START = 0.2;
/** How long requests, and then the delivery of what is left, may take in all. */
const PATIENCE_MS = 900_000;

export interface StormOptions {
  /** Interceptions whose client sees an answer, before the storm ends. */
  readonly interceptions: number;
  /** Kills of each plane. */
  readonly kills: number;
  readonly seed: number;
}

export interface StormOutcome extends StoreCheck {
  /** Requests that found nobody listening. */
  readonly refused: number;
  readonly kills: { readonly dataPlane: number; readonly controlPlane: number };
  readonly seconds: number;
}

/** Runs a storm on a gateway whose provider gives the planned answers of the same seed. */
export async function killStorm(gateway: GatewayUnderTest, options: StormOptions): Promise<StormOutcome> {
  const startedAt = performance.now();
  const traffic = new Traffic(gateway, options.seed, CONNECTIONS);
  const planes = [dataPlane(gateway), controlPlane(gateway)];
  const kills = await Promise.all(
    planes.map((plane, index) => killAtRandom(plane, traffic, options, options.seed + index)),
  );
  await traffic.untilAnswered(options.interceptions, PATIENCE_MS);
  await traffic.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  await untilDelivered(gateway, PATIENCE_MS);
  const stored = await allInterceptions(gateway);
  const check = checkStored(stored, traffic.sightings, (number) => planRequest(options.seed, number));
  return {
    ...check,
    problems: [...check.problems, ...(await rowProblems(gateway, stored))],
    refused: traffic.refused,
    kills: { dataPlane: kills[0] ?? 0, controlPlane: kills[1] ?? 0 },
    seconds,
  };
}

/** A process that can be killed and started again. */
interface Plane {
  kill(): Promise<unknown>;
  /** Starts it without waiting. */
  launch(): void;
  /** Starts it and waits until it is ready. */
  start(): Promise<void>;
}

function dataPlane(gateway: GatewayUnderTest): Plane {
  return {
    kill: () => gateway.dataPlane.stop("SIGKILL"),
    launch: () => gateway.dataPlane.start(),
    start: () => gateway.startDataPlane(),
  };
}

function controlPlane(gateway: GatewayUnderTest): Plane {
  return {
    kill: () => gateway.controlPlane.stop("SIGKILL"),
    launch: () => gateway.controlPlane.start(),
    start: () => gateway.startControlPlane(),
  };
}

/** Kills a plane at moments spread over the storm. Resolves with the number of kills. */
async function killAtRandom(
  plane: Plane,
  traffic: Traffic,
  { interceptions, kills }: StormOptions,
  seed: number,
): Promise<number> {
  const random = randomNumbers(seed);
  const moments = Array.from({ length: kills }, () => Math.floor(random() * 0.95 * interceptions));
  let killed = 0;
  for (const moment of moments.sort((a, b) => a - b)) {
    if (killed >= kills) break;
    await traffic.untilAnswered(moment, PATIENCE_MS);
    await delay(random() * MAX_JITTER_MS);
    await plane.kill();
    killed += 1;
    if (killed < kills && random() < KILLED_AT_START) {
      plane.launch();
      await delay(random() * MAX_SHORT_LIFE_MS);
      await plane.kill();
      killed += 1;
    }
    await plane.start();
  }
  return killed;
}

/** A gateway whose provider answers as planned. */
export function useStormGateway(seed: number, database: DatabaseKind): Promise<GatewayUnderTest> {
  return useGateway({ database, provider: { script: plannedAnswers(seed), keepRequests: 100 } });
}

if (import.meta.main) {
  const options = commandOptions({ database: "sqlite", interceptions: 10_000, kills: 20, seed: anySeed() });
  const database = oneOf("database", options.database, databaseKinds);
  process.stdout.write(`kill storm on ${database}, seed ${options.seed}\n`);
  await using gateway = await useStormGateway(options.seed, database);
  const outcome = await killStorm(gateway, options);
  const { kills, sentTokens, storedTokens, problems } = outcome;
  process.stdout.write(
    `${kills.dataPlane} kills of the data plane, ${kills.controlPlane} of the control plane, in ${outcome.seconds.toFixed(0)} s; ` +
      `${outcome.refused} times nobody listened\n` +
      `${outcome.seen} interceptions were answered, ${outcome.whole} of them seen whole; ${outcome.stored} are stored, ` +
      `${outcome.crashed} closed as crashed, ${outcome.cutAtTheLast} whole but cut before the client had all\n` +
      `tokens of whole answers, sent:   ${JSON.stringify(sentTokens)}\n` +
      `tokens of whole answers, stored: ${JSON.stringify(storedTokens)}\n` +
      `${problems.length} problems\n`,
  );
  for (const problem of problems.slice(0, 50)) process.stdout.write(`  ${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
