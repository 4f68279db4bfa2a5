import type { RecorderService } from "@aibridge/proto";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { decodeRecord } from "./decode-record.ts";
import type { Link, LinkEvents } from "./link.ts";
import type { QueuedRecord, RecordQueue } from "./record-queue.ts";
import type { RecordBody } from "./recorder.ts";
import { Trials } from "./trials.ts";
import { WakeUp } from "./wake-up.ts";

/** Stores one record; resolves once it is safe. Rejects with a ConnectError, or with anything else for a failure. */
export type DeliverRecord = (record: RecordBody, signal: AbortSignal) => Promise<unknown>;

/** Calls under way at once, and the bytes of their records. */
const concurrency = 16;
const concurrentBytes = 1024 * 1024;
/** A record that fails this often by a fault of the recorder, while others pass, is given up. */
const maxFaults = 10;

/** Delivery by the six unary methods, for recorders that do not have StreamRecords. */
export class UnaryLink implements Link {
  readonly #deliver: DeliverRecord;
  readonly #queue: RecordQueue;
  readonly #events: LinkEvents;
  /** Of records that were tried and are not acknowledged. */
  readonly #trials = new Trials();
  readonly #somethingToDo = new WakeUp();
  #passed = 0;

  constructor(deliver: DeliverRecord, queue: RecordQueue, events: LinkEvents) {
    this.#deliver = deliver;
    this.#queue = queue;
    this.#events = events;
  }

  wake(): void {
    this.#somethingToDo.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#queue.rewind();
    await this.#somethingToDo.during(signal, async () => {
      while (!signal.aborted) {
        if (this.#queue.unsent === 0) await this.#somethingToDo.sleep();
        else await this.#deliverNext(signal);
      }
    });
  }

  /** Delivers the next few records. */
  async #deliverNext(signal: AbortSignal): Promise<void> {
    const batch = await this.#queue.take(concurrency, concurrentBytes);
    const passedBefore = this.#passed;
    // All of them come to an end before any is tried again, so that no record is delivered twice at the same time.
    const results = await Promise.allSettled(
      batch.map((record) => this.#settle(record, passedBefore, signal)),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.#trials.forget(batch);
    this.#queue.acknowledge(batch);
    this.#events.acknowledged(batch);
  }

  async #settle(record: QueuedRecord, passedBefore: number, signal: AbortSignal): Promise<void> {
    if (this.#trials.of(record).settled) return;
    try {
      await this.#deliver(decodeRecord(record.bytes), signal);
      this.#passed++;
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (code !== Code.AlreadyExists) {
        if (!isRefusal(code) && !this.#isHopeless(record, code, passedBefore)) throw error;
        this.#events.rejected(record, code, rawMessage);
      }
    }
    this.#trials.of(record).settled = true;
    this.#events.up();
  }

  /** Counts a fault. True if it is this record that the recorder cannot take, not any record. */
  #isHopeless(record: QueuedRecord, code: Code, passedBefore: number): boolean {
    if (code !== Code.Internal && code !== Code.Unknown) return false;
    const trial = this.#trials.of(record);
    if (trial.faults === 0) trial.passedBefore = passedBefore;
    trial.faults++;
    return trial.faults >= maxFaults && this.#passed > trial.passedBefore;
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
