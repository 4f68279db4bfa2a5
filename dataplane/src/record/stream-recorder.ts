import { setTimeout as delay } from "node:timers/promises";
import type { Interception, RecorderService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { encodeRecord } from "./encode-record.ts";
import { type PendingRecord, PendingRecords } from "./pending-records.ts";
import { type RecordBody, type Recorder, RecordingRefused, type RecordKind } from "./recorder.ts";
import { type Link, StreamLink } from "./recorder-link.ts";
import { type DeliverRecord, deliverByCall, UnaryLink } from "./unary-link.ts";

export interface StreamRecorderOptions {
  /** The recorder: its client, or a function that takes one record at a time. */
  readonly recorder: Client<typeof RecorderService> | DeliverRecord;
  /** Resolves true if a connection to the recorder stands; tried before each attempt. Absent: each attempt just tries. */
  readonly connected?: () => Promise<boolean>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** True lets requests through that cannot be recorded (`recording.on_failure: pass`). Read at each request. */
  readonly pass: () => boolean;
  /** False uses the unary methods from the start (`--rpc-protocol connect`). @default true */
  readonly streaming?: boolean;
  /** Memory for records that are not acknowledged yet, in bytes. @default 67108864 */
  readonly maxPendingBytes?: number;
  /** Longest wait for the acknowledgement of a start, in milliseconds. @default 5000 */
  readonly beginTimeoutMs?: number;
  /** Longest wait of an answer's terminal bytes for its records, in milliseconds. @default 2000 */
  readonly settleTimeoutMs?: number;
}

/** While the recorder is away for longer than this, starts are refused without waiting for it. */
const patienceMs = 1_000;
/** A connection without an answer to a ping does not last this long. */
const steadyMs = 2_000;
const minBackoffMs = 50;
const maxBackoffMs = 2_000;

/**
 * Durability `recorder`: keeps records in bounded memory until the recorder has acknowledged them, over one long stream
 * that is made again, with back-off, whenever it breaks.
 */
export class StreamRecorder implements Recorder {
  readonly #options: StreamRecorderOptions;
  readonly #pending: PendingRecords;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #link: Link;
  /** One for all times: it remembers what was delivered, and what failed, before a break. */
  #unaryLink: UnaryLink | undefined;
  #downSince: number | undefined;
  /** Ends the wait of each start that waits for its acknowledgement. */
  readonly #starts = new Set<() => void>();
  /** Callers of `settled` and `close`, with the count of settled records they wait for, in order. */
  #waiters: { readonly removed: number; readonly resolve: () => void }[] = [];

  constructor(options: StreamRecorderOptions) {
    this.#options = options;
    this.#pending = new PendingRecords(options.maxPendingBytes ?? 64 * 1024 * 1024);
    this.#link = this.#newLink(options.streaming ?? true);
    options.metrics.watchSpool(() => ({ records: this.#pending.size, bytes: this.#pending.bytes }));
    this.#done = this.#keepLink();
  }

  async begin(interception: Interception): Promise<void> {
    const unavailable = this.unavailable() !== undefined;
    if (unavailable && !this.#options.pass()) return this.#refuse(undefined);
    const pending = this.#enqueue({ case: "interception", value: interception });
    if (pending === undefined || unavailable) return this.#refuse(pending);
    if (!(await this.#acknowledgement(pending)) || pending.rejected) this.#refuse(pending);
  }

  append(record: RecordBody): void {
    try {
      if (this.#enqueue(record) !== undefined) return this.#link.wake();
      this.#lost(record, "the memory for unsent records is full");
    } catch (error) {
      this.#lost(record, `it cannot be encoded: ${String(error)}`);
    }
  }

  settled(): Promise<void> | undefined {
    if (this.#pending.size === 0 || this.#downSince !== undefined) return undefined;
    return this.#settledWithin(this.#options.settleTimeoutMs ?? 2_000);
  }

  unavailable(): string | undefined {
    if (this.#closing.signal.aborted) return "shutting down";
    const away = this.#downSince !== undefined && performance.now() - this.#downSince > patienceMs;
    return away && this.#pending.size > 0 ? "the recorder is away" : undefined;
  }

  async close(withinMs: number): Promise<number> {
    const deadline = performance.now() + withinMs;
    // A link that breaks ends the wait too early; the next one may still deliver.
    for (let left = withinMs; this.#pending.size > 0 && left > 0; left = deadline - performance.now())
      await this.#settledWithin(left);
    this.#closing.abort();
    await this.#done;
    return this.#pending.size;
  }

  #lost(record: RecordBody, reason: string): void {
    this.#options.metrics.recordsLost.inc({ kind: record.case });
    this.#options.log.error({ kind: record.case, id: record.value.id, reason }, "record lost");
  }

  /** Refuses a start, or lets it pass where the configuration says so. */
  #refuse(pending: PendingRecord | undefined): void {
    const kind = "interception";
    if (this.#options.pass()) {
      if (pending === undefined) this.#options.metrics.recordsLost.inc({ kind });
      return;
    }
    this.#options.metrics.recordsRefused.inc({ kind });
    if (pending !== undefined && !pending.sent) pending.withdrawn = true;
    throw new RecordingRefused(pending?.sent === true && !pending.rejected, 2);
  }

  /** False if it does not come in time, or the recorder stays away. */
  #acknowledgement(pending: PendingRecord): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (acknowledged: boolean) => {
        clearTimeout(timer);
        this.#starts.delete(giveUp);
        resolve(acknowledged);
      };
      const giveUp = () => settle(false);
      const timer = setTimeout(giveUp, this.#options.beginTimeoutMs ?? 5_000);
      pending.acknowledged = () => settle(true);
      this.#starts.add(giveUp);
      this.#link.wake();
    });
  }

  /** Takes a record into memory; undefined if there is no room. */
  #enqueue(body: RecordBody): PendingRecord | undefined {
    const bytes = encodeRecord(body);
    if (!this.#pending.fits(bytes.length)) return undefined;
    const { id } = body.value;
    const record: PendingRecord = {
      kind: body.case,
      id,
      bytes,
      body,
      sent: false,
      withdrawn: false,
      rejected: false,
      acknowledged: undefined,
    };
    this.#pending.push(record);
    return record;
  }

  #settledWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const settled = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiters.push({ removed: this.#pending.added, resolve: settled });
    });
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
    const events = {
      up: () => this.#cameUp(),
      acknowledged: (records: readonly PendingRecord[]) => this.#acknowledged(records),
      rejected: (record: PendingRecord, code: Code, message: string) => this.#rejected(record, code, message),
    };
    const { recorder } = this.#options;
    if (streaming && typeof recorder !== "function") return new StreamLink(recorder, this.#pending, events);
    const deliver = typeof recorder === "function" ? recorder : deliverByCall(recorder);
    this.#unaryLink ??= new UnaryLink(deliver, this.#pending, events);
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
      this.#options.log.info({ pending: this.#pending.size }, "the recorder is back");
    this.#downSince = undefined;
  }

  #wentDown(error: unknown): void {
    const { code, rawMessage } = ConnectError.from(error);
    const refused =
      code === Code.Unauthenticated || code === Code.PermissionDenied || code === Code.FailedPrecondition;
    const details = { code: Code[code], reason: rawMessage, pending: this.#pending.size };
    if (refused)
      this.#options.log.error(
        details,
        "the recorder refuses this gateway: check its gateway key and version",
      );
    else if (this.#downSince === undefined) this.#options.log.warn(details, "the recorder is away: retrying");
    this.#downSince ??= performance.now();
    // What could not stream may have been something in between: the next connection is asked again.
    if (this.#link instanceof UnaryLink) this.#link = this.#newLink(this.#options.streaming ?? true);
    // Nothing that waits for an acknowledgement is helped by waiting for a recorder that is away.
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    if (performance.now() - this.#downSince > patienceMs) for (const giveUp of [...this.#starts]) giveUp();
  }

  #acknowledged(records: readonly PendingRecord[]): void {
    const counts = new Map<RecordKind, number>();
    for (const { kind } of records) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const [kind, count] of counts) this.#options.metrics.recordsAcknowledged.inc({ kind }, count);
    while (this.#waiters[0] !== undefined && this.#waiters[0].removed <= this.#pending.removed)
      this.#waiters.shift()?.resolve();
  }

  #rejected(record: PendingRecord, code: Code, message: string): void {
    record.rejected = true;
    this.#options.metrics.recordsRejected.inc({ kind: record.kind });
    this.#options.log.error(
      { kind: record.kind, id: record.id, code: Code[code], reason: message },
      "the recorder rejected a record",
    );
  }
}
