import type { RecorderService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { PendingRecord, PendingRecords } from "./pending-records.ts";
import type { RecordBody } from "./recorder.ts";
import type { Link, LinkEvents } from "./recorder-link.ts";

/** Stores one record; resolves once it is safe. Rejects with a ConnectError, or with anything else for a failure. */
export type DeliverRecord = (record: RecordBody, signal: AbortSignal) => Promise<unknown>;

/** Calls under way at once, and the bytes of their records. */
const concurrency = 16;
const concurrentBytes = 1024 * 1024;
/** A record that fails this often by a fault of the recorder, while others pass, is given up. */
const maxFaults = 10;

/** The faults of a recorder with one record. */
interface Faults {
  count: number;
  /** How many records had passed before the first of them. */
  readonly passedBefore: number;
}

/** Delivery by the six unary methods, for recorders that do not have StreamRecords. */
export class UnaryLink implements Link {
  readonly #deliver: DeliverRecord;
  readonly #pending: PendingRecords;
  readonly #events: LinkEvents;
  /** Settled, but not acknowledged: one before them failed. They are not sent again. */
  readonly #settled = new WeakSet<PendingRecord>();
  readonly #faults = new WeakMap<PendingRecord, Faults>();
  #passed = 0;
  #wake: (() => void) | undefined;

  constructor(deliver: DeliverRecord, pending: PendingRecords, events: LinkEvents) {
    this.#deliver = deliver;
    this.#pending = pending;
    this.#events = events;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#pending.rewind();
    const stop = () => this.wake();
    signal.addEventListener("abort", stop, { once: true });
    try {
      while (!signal.aborted) await this.#deliverNext(signal);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Delivers the next few records, or waits until there are some. */
  async #deliverNext(signal: AbortSignal): Promise<void> {
    const batch = this.#pending.take(concurrency, concurrentBytes);
    const last = batch.at(-1);
    if (last === undefined) {
      return new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const passedBefore = this.#passed;
    // All of them come to an end before any is tried again, so that no record is delivered twice at the same time.
    const results = await Promise.allSettled(
      batch.map((record) => this.#settle(record, passedBefore, signal)),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.#pending.acknowledge(last);
    this.#events.acknowledged(batch);
  }

  async #settle(record: PendingRecord, passedBefore: number, signal: AbortSignal): Promise<void> {
    if (this.#settled.has(record)) return;
    try {
      await this.#deliver(record.body, signal);
      this.#passed++;
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (code !== Code.AlreadyExists) {
        if (!isRefusal(code) && !this.#isHopeless(record, code, passedBefore)) throw error;
        this.#events.rejected(record, code, rawMessage);
      }
    }
    this.#settled.add(record);
    this.#events.up();
  }

  /** Counts a fault. True if it is this record that the recorder cannot take, not any record. */
  #isHopeless(record: PendingRecord, code: Code, passedBefore: number): boolean {
    if (code !== Code.Internal && code !== Code.Unknown) return false;
    const faults = this.#faults.get(record) ?? { count: 0, passedBefore };
    faults.count++;
    this.#faults.set(record, faults);
    return faults.count >= maxFaults && this.#passed > faults.passedBefore;
  }
}

function isRefusal(code: Code): boolean {
  return code === Code.InvalidArgument || code === Code.OutOfRange;
}

const callTimeoutMs = 10_000;

/** Delivers records by the unary methods of a RecorderService. */
export function deliverByCall(client: Client<typeof RecorderService>): DeliverRecord {
  return (record, signal) => {
    const options = { signal, timeoutMs: callTimeoutMs };
    switch (record.case) {
      case "interception":
        return client.recordInterception({ interception: record.value }, options);
      case "interceptionEnded":
        return client.recordInterceptionEnded({ interceptionEnded: record.value }, options);
      case "tokenUsage":
        return client.recordTokenUsage({ tokenUsage: record.value }, options);
      case "promptUsage":
        return client.recordPromptUsage({ promptUsage: record.value }, options);
      case "toolUsage":
        return client.recordToolUsage({ toolUsage: record.value }, options);
      case "modelThought":
        return client.recordModelThought({ modelThought: record.value }, options);
    }
  };
}
