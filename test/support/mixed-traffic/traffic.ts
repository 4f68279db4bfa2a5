import type { ProviderRequest } from "@aibridge/sdk/testing";
import { Agent } from "undici";
import { eventually } from "../eventually.ts";
import type { GatewayUnderTest } from "../use-gateway.ts";
import { numberOf, planRequest } from "./planned-request.ts";
import { type Sighting, sendPlanned } from "./send-planned.ts";

/** Answers each planned request of a seed as planned; anything else with the default. */
export function plannedAnswers(seed: number) {
  return ({ headers }: ProviderRequest) => {
    const number = numberOf(headers["user-agent"]);
    return number === undefined ? undefined : planRequest(seed, number).answer;
  };
}

/** How long a sender waits at most for a gateway that refused it, in milliseconds. */
const PATIENCE_MS = 500;

/** Sends planned requests over a number of connections, one after the other on each, until it is stopped. */
export class Traffic {
  /** What every client saw that got through to the gateway, in the order of their ends. */
  readonly sightings: Sighting[] = [];
  readonly #gateway: GatewayUnderTest;
  readonly #seed: number;
  readonly #agent: Agent;
  readonly #senders: Promise<void>[];
  #next: number;
  #answered = 0;
  #refused = 0;
  #stopped = false;
  #back: Promise<unknown> | undefined;

  /** @param firstNumber number of the first request. @default 0 */
  constructor(gateway: GatewayUnderTest, seed: number, connections: number, firstNumber = 0) {
    this.#gateway = gateway;
    this.#seed = seed;
    this.#next = firstNumber;
    this.#agent = new Agent({ connections });
    this.#senders = Array.from({ length: connections }, () => this.#send());
  }

  /** Requests whose client saw an answer that belongs to an interception. */
  get answered(): number {
    return this.#answered;
  }

  /** Requests that found nobody listening, or were answered by a gateway that could not yet tell who asks. */
  get refused(): number {
    return this.#refused;
  }

  /** Waits until so many requests are answered, since the start. */
  async untilAnswered(count: number, withinMs: number): Promise<void> {
    await eventually(() => this.#answered >= count || undefined, withinMs);
  }

  /** Sends nothing more, and waits for the answers that are still due. Resolves with the number of the next request. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await Promise.all(this.#senders);
    await this.#agent.close();
    return this.#next;
  }

  async #send(): Promise<void> {
    while (!this.#stopped) {
      const request = planRequest(this.#seed, this.#next++);
      const sighting = await sendPlanned(this.#gateway, request, this.#agent);
      if (sighting.interceptionId !== undefined) this.#answered += 1;
      if (wasServed(sighting)) this.sightings.push(sighting);
      else await this.#untilBack();
    }
  }

  /** All senders wait for the same answer: asking costs the processes that are about to start. */
  async #untilBack(): Promise<void> {
    this.#refused += 1;
    this.#back ??= eventually(
      async () => (await fetch(`${this.#gateway.adminUrl}/readyz`)).ok || undefined,
      PATIENCE_MS,
    )
      .catch(() => undefined)
      .finally(() => {
        this.#back = undefined;
      });
    await this.#back;
  }
}

/** False for what is no interception: nobody listened, or the gateway could not tell who asks and said 503. */
function wasServed({ connection, status, interceptionId }: Sighting): boolean {
  if (connection === "refused") return false;
  return interceptionId !== undefined || status !== 503;
}
