import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelAnswer } from "@aibridge/sdk/testing";
import { Agent } from "undici";
import { allInterceptions } from "./all-interceptions.ts";
import { metricSum, untilDelivered } from "./gateway-metrics.ts";
import { learnCaller } from "./learn-caller.ts";
import { checkStored, type StoreCheck } from "./mixed-traffic/check-stored.ts";
import { numberOf, type PlannedRequest, planRequest } from "./mixed-traffic/planned-request.ts";
import { type Sighting, sendPlanned } from "./mixed-traffic/send-planned.ts";
import { plannedAnswers } from "./mixed-traffic/traffic.ts";
import { send } from "./requests.ts";
import { type GatewayUnderTest, useGateway } from "./use-gateway.ts";

/** Requests under way at a time. */
const CONNECTIONS = 4;
const DELIVERY_MS = 30_000;
/** A trial that fills a spool gives up after so many requests. */
const MAX_REQUESTS = 10_000;

export interface SpoolTrialOptions {
  readonly seed: number;
  /** Members of `recording`. @default none */
  readonly recording?: string;
  /** Where the spool is. @default a folder that goes with the trial */
  readonly spool?: string;
  /** Length that is added to each prompt, in bytes, so that a spool fills sooner. @default 0 */
  readonly promptBytes?: number;
}

/** What a client is told that is refused. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number;
}

/** A gateway that is sent planned requests while something is done to its spool. */
export class SpoolTrial implements AsyncDisposable {
  readonly gateway: GatewayUnderTest;
  /** Folder of the spool, with one folder for each process in it. */
  readonly spool: string;
  readonly #options: SpoolTrialOptions;
  readonly #ownFolder: string | undefined;
  readonly #agent = new Agent({ connections: CONNECTIONS });
  /** What clients saw that were not refused. */
  readonly sightings: Sighting[] = [];
  #next = 0;

  private constructor(gateway: GatewayUnderTest, spool: string, options: SpoolTrialOptions) {
    this.gateway = gateway;
    this.spool = spool;
    this.#options = options;
    this.#ownFolder = options.spool === undefined ? spool : undefined;
  }

  static async start(options: SpoolTrialOptions): Promise<SpoolTrial> {
    const spool = options.spool ?? mkdtempSync(join(tmpdir(), "aibridge-spool-"));
    const gateway = await useGateway({
      provider: { script: plannedAnswers(options.seed) },
      config: (url) => configuration(url, options.recording ?? ""),
      spool,
    });
    return new SpoolTrial(gateway, spool, options);
  }

  /** Stops the control plane once the data plane knows who asks. */
  async loseControlPlane(): Promise<void> {
    await learnCaller(this.gateway);
    await this.gateway.controlPlane.stop("SIGKILL");
  }

  /**
   * Opens a stream that stands still after its first events until it is released.
   * @returns how to release it; resolves once its client has seen its end
   */
  async openStream(): Promise<() => Promise<void>> {
    const request = this.#nextPlainStream();
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    this.gateway.provider.next({
      ...(request.answer as ModelAnswer),
      delivery: { stall: { afterEvents: 2, until } },
    });
    const sighting = sendPlanned(this.gateway, request, this.#agent);
    await this.gateway.provider.waitFor(({ headers }) => numberOf(headers["user-agent"]) === request.number);
    return async () => {
      release();
      this.sightings.push(await sighting);
    };
  }

  /** Sends the next planned requests, a few at a time. @param url the data plane. @default the gateway's */
  async send(count: number, url: string = this.gateway.url): Promise<void> {
    const end = this.#next + count;
    const sender = async () => {
      while (this.#next < end) this.sightings.push(await this.#sendNext(url));
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  }

  /** Sends requests one after the other until one is refused. Returns how many were not, and what the next one is told. */
  async sendUntilRefused(): Promise<{ readonly taken: number; readonly refusal: Refusal }> {
    for (let taken = 0; taken < MAX_REQUESTS; taken += 1) {
      const sighting = await this.#sendNext(this.gateway.url);
      if (sighting.status === 503) return { taken, refusal: await this.refusal() };
      this.sightings.push(sighting);
    }
    throw new Error(`${MAX_REQUESTS} requests were taken, none refused`);
  }

  /** How a request is refused now. */
  async refusal(): Promise<Refusal> {
    const response = await send(this.gateway, "chat", false);
    const { error } = (await response.json()) as { error?: { code?: string } };
    const retryAfter = Number(response.headers.get("retry-after"));
    return { status: response.status, code: error?.code ?? "", retryAfter };
  }

  /** What `/readyz` of the data plane says. */
  async readiness(): Promise<string> {
    const response = await fetch(`${this.gateway.adminUrl}/readyz`);
    return `${response.status} ${(await response.text()).trim()}`;
  }

  metric(name: string, label?: string): Promise<number> {
    return metricSum(this.gateway.adminUrl, name, label);
  }

  /** Names of the folders of processes in the spool. */
  folders(): string[] {
    return readdirSync(this.spool, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }

  /** Compares what is stored, once everything is delivered, with what was seen. The control plane must be there. */
  async check(): Promise<StoreCheck> {
    await untilDelivered(this.gateway, DELIVERY_MS);
    return checkStored(await allInterceptions(this.gateway), this.sightings, (number) => this.#plan(number));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
    await this.gateway[Symbol.asyncDispose]();
    if (this.#ownFolder !== undefined) rmSync(this.#ownFolder, { recursive: true, force: true });
  }

  #nextPlainStream(): PlannedRequest {
    for (;;) {
      const request = this.#plan(this.#next++);
      const { answer, stream, leavesAfterMs } = request;
      if (stream && leavesAfterMs === undefined && "content" in answer && !answer.delivery && !answer.failure)
        return request;
    }
  }

  #sendNext(url: string): Promise<Sighting> {
    return sendPlanned({ ...this.gateway, url }, this.#plan(this.#next++), this.#agent);
  }

  #plan(number: number): PlannedRequest {
    const { seed, promptBytes = 0 } = this.#options;
    const request = planRequest(seed, number);
    return promptBytes === 0 ? request : { ...request, prompt: request.prompt.padEnd(promptBytes, ".") };
  }
}

function configuration(url: string, recording: string): string {
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef], max_retries: 0 }
  - { name: openai, type: openai, base_url: "${url}/v1", keys: [sk-central-0123456789abcdef], max_retries: 0 }
recording: { ${recording} }
`;
}
