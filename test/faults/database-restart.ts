/**
 * Kills and restarts MariaDB, the control plane, or both under load, at random, and looks for every record of every
 * request that was answered. Run it with `node test/faults/database-restart.ts [--faults N] [--seed N]`; it fails if one
 * is missing or there twice.
 */
import { commandOptions } from "../support/command-options.ts";
import { eventually } from "../support/eventually.ts";
import { anySeed, randomNumbers } from "../support/random-numbers.ts";
import { apiNames, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const SENDERS = 4;
/** Answered requests between two faults, at most. */
const MAX_BETWEEN = 30;
/** How long everything may take to arrive after the last fault, in milliseconds. */
const ARRIVAL_MS = 60_000;

export interface Outcome {
  /** Requests that were answered 200. */
  readonly answered: number;
  /** Requests that were refused while something was away. */
  readonly refused: number;
  /** What is wrong with the records of answered requests, one line each. */
  readonly problems: readonly string[];
}

/** Runs `faults` kills under load on a gateway with MariaDB. The same seed kills the same things. */
export async function killUnderLoad(
  gateway: GatewayUnderTest,
  faults: number,
  seed: number,
): Promise<Outcome> {
  const random = randomNumbers(seed);
  const load = new Load(gateway);
  for (let fault = 0; fault < faults; fault += 1) {
    await load.answeredMore(1 + Math.floor(random() * MAX_BETWEEN));
    const restart = RESTARTS[Math.floor(random() * RESTARTS.length)];
    await restart?.(gateway);
  }
  await load.answeredMore(SENDERS);
  const { answered, refused } = await load.stop();
  const problems: string[] = [];
  for (const id of answered) {
    const problem = await problemOf(gateway, id);
    if (problem !== undefined) problems.push(`${id}: ${problem}`);
  }
  const stored = await countInterceptions(gateway);
  if (stored < answered.length) problems.push(`${answered.length} were answered, ${stored} are stored`);
  return { answered: answered.length, refused, problems };
}

async function restartDatabase({ mariaDb }: GatewayUnderTest): Promise<void> {
  await mariaDb?.stop("SIGKILL");
  await mariaDb?.start();
}

async function restartControlPlane(gateway: GatewayUnderTest): Promise<void> {
  await gateway.controlPlane.stop("SIGKILL");
  await gateway.startControlPlane();
}

/** Kills both; the control plane comes back first and has to wait for its database. */
async function restartBoth(gateway: GatewayUnderTest): Promise<void> {
  await gateway.mariaDb?.stop("SIGKILL");
  await gateway.controlPlane.stop("SIGKILL");
  const started = gateway.startControlPlane();
  await Promise.all([started, gateway.mariaDb?.start()]);
}

const RESTARTS = [restartDatabase, restartControlPlane, restartBoth];

/** Sends requests without a pause until it is stopped. */
class Load {
  readonly #gateway: GatewayUnderTest;
  readonly #answered: string[] = [];
  readonly #senders: Promise<void>[];
  #refused = 0;
  #stopped = false;

  constructor(gateway: GatewayUnderTest) {
    this.#gateway = gateway;
    this.#senders = Array.from({ length: SENDERS }, (_, index) => this.#send(index));
  }

  async answeredMore(count: number): Promise<void> {
    const goal = this.#answered.length + count;
    await eventually(() => this.#answered.length >= goal || undefined, ARRIVAL_MS);
  }

  async stop(): Promise<{ answered: readonly string[]; refused: number }> {
    this.#stopped = true;
    await Promise.all(this.#senders);
    return { answered: this.#answered, refused: this.#refused };
  }

  async #send(index: number): Promise<void> {
    const api = apiNames[index % apiNames.length] ?? "messages";
    while (!this.#stopped) {
      const response = await send(this.#gateway, api, index % 2 === 0);
      await response.arrayBuffer();
      if (response.ok) this.#answered.push(interceptionId(response));
      else this.#refused += 1;
    }
  }
}

/** What is wrong with the records of an interception; undefined if all are there, once. */
async function problemOf({ usage }: GatewayUnderTest, id: string): Promise<string | undefined> {
  let found = "nothing is stored";
  const complete = eventually(async () => {
    const { ended, tokenUsages, promptUsages } = await usage.getInterception({ id });
    found = `${ended ? 1 : 0} ends, ${tokenUsages.length} token usages, ${promptUsages.length} prompts`;
    return found === "1 ends, 1 token usages, 1 prompts" || undefined;
  }, ARRIVAL_MS);
  return complete.then(
    () => undefined,
    () => found,
  );
}

async function countInterceptions({ usage }: GatewayUnderTest): Promise<number> {
  const { rows } = await usage.summarizeUsage({});
  return Number(rows[0]?.interceptions ?? 0n);
}

if (import.meta.main) {
  const { faults, seed } = commandOptions({ faults: 50, seed: anySeed() });
  process.stdout.write(`${faults} faults, seed ${seed}\n`);
  await using gateway = await useGateway({ database: "mariadb" });
  const { answered, refused, problems } = await killUnderLoad(gateway, faults, seed);
  process.stdout.write(`${answered} answered, ${refused} refused, ${problems.length} with missing records\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
