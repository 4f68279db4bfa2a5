import { setTimeout as delay } from "node:timers/promises";
import type { RecorderService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "../telemetry/log.ts";
import type { Link, LinkEvents } from "./link.ts";
import type { RecordQueue } from "./record-queue.ts";
import { StreamLink } from "./stream-link.ts";
import { type DeliverRecord, deliverByCall, UnaryLink } from "./unary-link.ts";

export interface DeliveryOptions {
  /** The recorder: its client, or a function that takes one record at a time. */
  readonly recorder: Client<typeof RecorderService> | DeliverRecord;
  /** Resolves true if a connection to the recorder stands; tried before each attempt. Absent: each attempt just tries. */
  readonly connected?: () => Promise<boolean>;
  /** False uses the unary methods from the start (`--rpc-protocol connect`). @default true */
  readonly streaming?: boolean;
  readonly queue: RecordQueue;
  readonly log: Logger;
  /** Told what became of records, and when an attempt to deliver failed. */
  readonly events: Pick<LinkEvents, "acknowledged" | "rejected"> & { readonly away: () => void };
}

/** While the recorder is away for longer than this, nothing waits for it. */
const patienceMs = 1_000;
/** A connection without an answer to a ping does not last this long. */
const steadyMs = 2_000;
const minBackoffMs = 50;
const maxBackoffMs = 2_000;

/** Delivers what a queue holds for as long as it runs, over links that are made again, with back-off, when they break. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #link: Link;
  /** One for all times: it remembers what was delivered, and what failed, before a break. */
  #unaryLink: UnaryLink | undefined;
  #downSince: number | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#link = this.#newLink(options.streaming ?? true);
    this.#done = this.#keepLink();
  }

  /** True from the first failure on until the recorder is heard again. */
  get down(): boolean {
    return this.#downSince !== undefined;
  }

  /** True if it has been down for so long that nothing should wait for it. */
  get away(): boolean {
    return this.#downSince !== undefined && performance.now() - this.#downSince > patienceMs;
  }

  /** There is something new to send. Without haste it may wait a little for more. */
  wake(haste: boolean): void {
    this.#link.wake(haste);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
  }

  async #keepLink(): Promise<void> {
    let backoffMs = minBackoffMs;
    while (!this.#closing.signal.aborted) {
      const startedAt = performance.now();
      try {
        await this.#connect();
        await this.#runLink();
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (this.#fallBack(error)) continue;
        this.#wentDown(error);
      }
      if (performance.now() - startedAt > maxBackoffMs) backoffMs = minBackoffMs;
      await delay(backoffMs * (0.5 + Math.random()), undefined, { signal: this.#closing.signal }).catch(
        () => undefined,
      );
      backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
    }
  }

  async #connect(): Promise<void> {
    if (this.#options.connected === undefined) return;
    if (!(await this.#options.connected())) throw new ConnectError("cannot connect", Code.Unavailable);
  }

  /** A frozen recorder still takes connections: only one that lasted longer than a ping takes counts as back. */
  async #runLink(): Promise<void> {
    const steady = setTimeout(() => this.#cameUp(), steadyMs);
    try {
      await this.#link.run(this.#closing.signal);
    } finally {
      clearTimeout(steady);
    }
  }

  #newLink(streaming: boolean): Link {
    const { recorder, queue } = this.#options;
    const events: LinkEvents = { ...this.#options.events, up: () => this.#cameUp() };
    if (streaming && typeof recorder !== "function") return new StreamLink(recorder, queue, events);
    const deliver = typeof recorder === "function" ? recorder : deliverByCall(recorder);
    this.#unaryLink ??= new UnaryLink(deliver, queue, events);
    return this.#unaryLink;
  }

  /** Changes to the unary methods if the recorder has no StreamRecords. */
  #fallBack(error: unknown): boolean {
    const unimplemented = ConnectError.from(error).code === Code.Unimplemented;
    if (!unimplemented || this.#link instanceof UnaryLink) return false;
    this.#options.log.info(
      "the recorder does not implement StreamRecords: records go through the unary methods",
    );
    this.#link = this.#newLink(false);
    return true;
  }

  #cameUp(): void {
    if (this.#downSince !== undefined)
      this.#options.log.info({ pending: this.#options.queue.size }, "the recorder is back");
    this.#downSince = undefined;
  }

  #wentDown(error: unknown): void {
    const { log, queue, events } = this.#options;
    const { code, rawMessage } = ConnectError.from(error);
    const refused =
      code === Code.Unauthenticated || code === Code.PermissionDenied || code === Code.FailedPrecondition;
    const details = { code: Code[code], reason: rawMessage, pending: queue.size };
    if (refused) log.error(details, "the recorder refuses this gateway: check its gateway key and version");
    else if (this.#downSince === undefined) log.warn(details, "the recorder is away: retrying");
    this.#downSince ??= performance.now();
    // What could not stream may have been something in between: the next connection is asked again.
    if (this.#link instanceof UnaryLink) this.#link = this.#newLink(this.#options.streaming ?? true);
    events.away();
  }
}
