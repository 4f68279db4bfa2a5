import type { Interception } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { withinMs } from "../errors/within-ms.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { recordIds } from "./decode-record.ts";
import { Delivery, type DeliveryOptions } from "./delivery.ts";
import { Losses } from "./losses.ts";
import { MemoryQueue } from "./memory-queue.ts";
import type { QueuedRecord } from "./record-queue.ts";
import { type EncodedRecord, encodedRecord, type RecordStore } from "./record-store.ts";
import {
  type RecordBody,
  type Recorder,
  RecordingRefused,
  type RecordKind,
  type RefusalCode,
} from "./recorder.ts";
import { Spool } from "./spool/spool.ts";
import { WakeUp } from "./wake-up.ts";
import { Watermark } from "./watermark.ts";

/** How safe a record is before a request goes on; docs/durability.md says what each survives. */
export type Durability = "process" | "disk" | "recorder";

export interface DurableRecorderOptions
  extends Pick<DeliveryOptions, "recorder" | "connected" | "streaming"> {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** True lets requests through that cannot be recorded (`recording.on_failure: pass`). Read at each request. */
  readonly pass: () => boolean;
  /**
   * Keeps records in files until they are acknowledged. What it says is read at each request.
   * @default they are kept in memory, and the durability is `recorder`
   */
  readonly spool?: {
    readonly root: string;
    readonly maxBytes: () => number;
    readonly durability: () => Durability;
  };
  /** Memory for records that are not acknowledged yet where there is no spool, in bytes. @default 67108864 */
  readonly maxPendingBytes?: number;
  /** Longest wait for a start to be as safe as it must be, in milliseconds. @default 5000 */
  readonly beginTimeoutMs?: number;
  /** Longest wait of an answer's terminal bytes for its records, in milliseconds. @default 2000 */
  readonly settleTimeoutMs?: number;
}

/** Keeps records in a store, on disk or in memory, delivers them, and lets each request wait for as much as it must. */
export class DurableRecorder implements Recorder {
  readonly #options: DurableRecorderOptions;
  readonly #losses: Losses;
  readonly #store: RecordStore;
  readonly #delivery: Delivery;
  readonly #level: () => Durability;
  /** How far this process's own records are acknowledged, for starts and for answers that wait for it. */
  readonly #starts = new Watermark();
  readonly #answers = new Watermark();
  readonly #progress = new WakeUp();
  /** Starts that wait for their acknowledgement, by id: whether they were rejected. */
  readonly #waiting = new Map<string, boolean>();
  /** Interceptions that went on without a start: nothing is recorded of them. */
  readonly #unrecorded = new Set<string>();
  #closing = false;

  /** @throws Error of node:fs or of SQLite if the spool's folder cannot be used */
  constructor(options: DurableRecorderOptions) {
    const { log, metrics, spool } = options;
    this.#options = options;
    this.#losses = new Losses(log, metrics);
    this.#level = spool?.durability ?? (() => "recorder");
    this.#store = this.#newStore();
    this.#delivery = new Delivery({
      ...options,
      queue: this.#store,
      events: {
        acknowledged: (records) => this.#acknowledged(records),
        rejected: (record, code, message) => this.#rejected(record, code, message),
        away: () => this.#away(),
      },
    });
    metrics.watchSpool(() => this.#store.counts());
  }

  async begin(interception: Interception): Promise<void> {
    const record = this.#encode({ case: "interception", value: interception });
    if (record === undefined) return this.#refuse(interception.id, "internal_error");
    const level = this.#level();
    const away = level === "recorder" && this.#isAway();
    if (away && !this.#options.pass()) return this.#refuse(record.id, "recorder_unavailable");
    const refusal = this.#store.begin(record);
    if (refusal !== undefined) return this.#refuse(record.id, refusal.code);
    this.#delivery.wake(level === "recorder");
    if (level === "process" || away) return;
    await (level === "disk" ? this.#durableStart() : this.#acknowledgedStart(record.id));
  }

  append(body: RecordBody): void {
    const record = this.#encode(body);
    if (record === undefined) return;
    const reason = this.#unrecorded.has(record.interceptionId)
      ? "its interception's start was not recorded"
      : this.#store.append(record);
    if (record.kind === "interceptionEnded") this.#unrecorded.delete(record.interceptionId);
    if (reason === undefined) this.#delivery.wake(this.#level() === "recorder");
    else this.#losses.count(record.kind, reason, record);
  }

  settled(): Promise<unknown> | undefined {
    this.#store.flush();
    const level = this.#level();
    if (level === "process") return undefined;
    const timeoutMs = this.#options.settleTimeoutMs ?? 2_000;
    if (level === "recorder" && !this.#delivery.down) {
      if (this.#answers.value === this.#store.added) return undefined;
      return withinMs(this.#answers.wait(this.#store.added), timeoutMs);
    }
    return this.#store.onDisk ? withinMs(this.#store.durableAtLast(), timeoutMs) : undefined;
  }

  /** Records that are not acknowledged. */
  get backlog(): number {
    return this.#store.size;
  }

  unavailable(): string | undefined {
    if (this.#closing) return "shutting down";
    const away = this.#level() === "recorder" && this.#isAway();
    return away ? "the recorder is away" : this.#store.unavailable();
  }

  async close(forMs: number): Promise<number> {
    this.#closing = true;
    this.#delivery.wake(true);
    await this.#drain(forMs);
    await this.#delivery.close();
    await this.#store.close();
    const { size: records, root: folder } = this.#store;
    if (records > 0 && folder === undefined)
      this.#options.log.error({ records }, "records could not be delivered and are lost");
    else if (records > 0)
      this.#options.log.warn({ records, folder }, "records stay in the spool until the next start");
    return records;
  }

  #newStore(): RecordStore {
    const { spool, log, maxPendingBytes } = this.#options;
    if (spool === undefined) return new MemoryQueue(maxPendingBytes ?? 64 * 1024 * 1024);
    return new Spool({
      ...spool,
      log,
      lost: (records) => this.#losses.count("unknown", "a part of the spool cannot be read", { records }),
      adopted: () => this.#delivery.wake(false),
    });
  }

  /** Waits until everything is delivered, or nothing is being delivered that would be lost otherwise. */
  async #drain(forMs: number): Promise<void> {
    const deadline = performance.now() + forMs;
    for (let left = forMs; this.#store.size > 0 && left > 0; left = deadline - performance.now()) {
      if (this.#store.onDisk && this.#delivery.away) return;
      await withinMs(this.#progress.sleep(), left);
    }
  }

  /** The bytes of a record; undefined, and counted, if it has none. */
  #encode(body: RecordBody): EncodedRecord | undefined {
    try {
      return encodedRecord(body);
    } catch (error) {
      const { id } = body.value;
      // A start is counted where it is refused, or passed.
      if (body.case === "interception")
        this.#options.log.error({ id, reason: String(error) }, "a start cannot be encoded");
      else this.#losses.count(body.case, `it cannot be encoded: ${String(error)}`, { id });
      return undefined;
    }
  }

  /** Refuses a start that was not taken, or lets it pass where the configuration says so. */
  #refuse(id: string, code: RefusalCode): void {
    if (!this.#options.pass()) throw this.#refusal(code, false);
    this.#unrecorded.add(id);
    this.#losses.count("interception", `the start was not taken (${code})`, { id });
  }

  #refusal(code: RefusalCode, mayBeStored: boolean): RecordingRefused {
    this.#options.metrics.recordsRefused.inc({ kind: "interception" });
    return new RecordingRefused(code, mayBeStored);
  }

  async #durableStart(): Promise<void> {
    const isDurable = await withinMs(this.#store.durable(), this.#beginTimeoutMs);
    if (!isDurable && !this.#options.pass()) throw this.#refusal("spool_unavailable", true);
  }

  async #acknowledgedStart(id: string): Promise<void> {
    const ordinal = this.#store.added - 1;
    this.#waiting.set(id, false);
    const acknowledged = await withinMs(this.#starts.wait(ordinal + 1), this.#beginTimeoutMs);
    const rejected = this.#waiting.get(id) === true;
    this.#waiting.delete(id);
    if ((acknowledged && !rejected) || this.#options.pass()) return;
    // A start in the spool, a rejected one too, counts as open there until its end comes.
    const mayBeStored = this.#store.onDisk || (!rejected && !this.#store.withdraw(ordinal));
    throw this.#refusal("recorder_unavailable", mayBeStored);
  }

  get #beginTimeoutMs(): number {
    return this.#options.beginTimeoutMs ?? 5_000;
  }

  /** True if starts need not wait for the recorder to learn that it does not come back soon. */
  #isAway(): boolean {
    return this.#delivery.away && this.#store.size > 0;
  }

  #away(): void {
    // Nothing that waits for an acknowledgement is helped by waiting for a recorder that is away.
    this.#answers.giveUp();
    if (this.#delivery.away) this.#starts.giveUp();
    this.#progress.wake();
  }

  #acknowledged(records: readonly QueuedRecord[]): void {
    const counts = new Map<RecordKind, number>();
    for (const { kind } of records) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    for (const [kind, count] of counts) this.#options.metrics.recordsAcknowledged.inc({ kind }, count);
    this.#starts.reach(this.#store.removed);
    this.#answers.reach(this.#store.removed);
    this.#progress.wake();
  }

  #rejected(record: QueuedRecord, code: Code, message: string): void {
    this.#options.metrics.recordsRejected.inc({ kind: record.kind });
    this.#store.keepRejected(record, code, message);
    const { id } = recordIds(record.bytes, record.kind === "interception");
    if (this.#waiting.has(id)) this.#waiting.set(id, true);
    const details = { kind: record.kind, id, code: Code[code], reason: message };
    this.#options.log.error(details, "the recorder rejected a record");
  }
}
