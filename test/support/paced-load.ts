import { setTimeout as delay } from "node:timers/promises";
import { Agent } from "undici";
import { apiModes, send } from "./requests.ts";
import type { GatewayUnderTest } from "./use-gateway.ts";

/** How a request went. */
export interface PacedRequest {
  /** When it was due, on the clock of `performance.now`. */
  readonly dueAt: number;
  /** From then until its answer was there whole, in milliseconds. */
  readonly tookMs: number;
  /** Undefined for a whole answer with status 200, else what came instead. */
  readonly failure: string | undefined;
}

/** Longest step of the pacing: requests that are due meanwhile are sent together. */
const STEP_MS = 2;
const CONNECTIONS = 256;

/**
 * Sends requests of every API and mode at a rate, whether or not the ones before are answered, until it is stopped. A
 * request that is sent late counts from when it was due.
 */
export class PacedLoad {
  readonly requests: PacedRequest[] = [];
  readonly #gateway: GatewayUnderTest;
  readonly #agent = new Agent({ connections: CONNECTIONS });
  readonly #open = new Set<Promise<void>>();
  readonly #pacing: Promise<void>;
  #stopped = false;
  #sent = 0;

  /** @param rate requests a second */
  constructor(gateway: GatewayUnderTest, rate: number) {
    this.#gateway = gateway;
    this.#pacing = this.#pace(1000 / rate);
  }

  /** The requests that were due in a stretch of time and are answered. */
  dueBetween(from: number, to: number): readonly PacedRequest[] {
    return this.requests.filter(({ dueAt }) => dueAt >= from && dueAt < to);
  }

  /** Sends nothing more, and waits for every answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#pacing;
    await Promise.all(this.#open);
    await this.#agent.close();
  }

  async #pace(intervalMs: number): Promise<void> {
    for (let dueAt = performance.now(); !this.#stopped; ) {
      while (dueAt <= performance.now()) {
        this.#track(this.#sendOne(dueAt));
        dueAt += intervalMs;
      }
      await delay(STEP_MS);
    }
  }

  #track(request: Promise<void>): void {
    this.#open.add(request);
    void request.finally(() => this.#open.delete(request));
  }

  async #sendOne(dueAt: number): Promise<void> {
    const { api, stream } = apiModes[this.#sent++ % apiModes.length] as (typeof apiModes)[number];
    const failure = await send(this.#gateway, api, stream, { dispatcher: this.#agent }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status === 200 ? undefined : `status ${response.status}`;
      },
      (error: unknown) => String((error as Error).cause ?? error),
    );
    this.requests.push({ dueAt, tookMs: performance.now() - dueAt, failure });
  }
}

/** The time within which 99 of 100 requests were answered, in milliseconds. */
export function p99(requests: readonly PacedRequest[]): number {
  const sorted = requests.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
