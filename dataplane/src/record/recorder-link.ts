import {
  type RecorderService,
  type RejectedRecord,
  type StreamRecordsRequest,
  StreamRecordsRequestSchema,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { frameRecords } from "./encode-record.ts";
import type { PendingRecord, PendingRecords } from "./pending-records.ts";

/** A batch ends at this many records or bytes. */
const batchRecords = 256;
const batchBytes = 1024 * 1024;
/** Records on the wire without an acknowledgement; more wait in memory. */
const windowRecords = 8192;

/** What a link tells its owner. */
export interface LinkEvents {
  /** The recorder answered: records are being taken. */
  up(): void;
  /** Records were acknowledged, rejected ones among them. */
  acknowledged(records: readonly PendingRecord[]): void;
  /** A record was refused for good. */
  rejected(record: PendingRecord, code: Code, message: string): void;
}

/** One attempt to deliver pending records. Resolves when closed in order; rejects when the link breaks. */
export interface Link {
  run(signal: AbortSignal): Promise<void>;
  /** There is something new to send. */
  wake(): void;
}

/** Delivery over one StreamRecords stream: batches one way, cumulative acknowledgements the other way. */
export class StreamLink implements Link {
  readonly #client: Client<typeof RecorderService>;
  readonly #pending: PendingRecords;
  readonly #events: LinkEvents;
  /** Sent and unacknowledged, oldest first; the first one has sequence `#firstSequence`. */
  #inFlight: PendingRecord[] = [];
  #firstSequence = 1;
  #wake: (() => void) | undefined;

  constructor(client: Client<typeof RecorderService>, pending: PendingRecords, events: LinkEvents) {
    this.#client = client;
    this.#pending = pending;
    this.#events = events;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#pending.rewind();
    this.#inFlight = [];
    this.#firstSequence = 1;
    // The sending side must end with the receiving one: left waiting, it would keep the stream half open, and take
    // records that the next stream has to send.
    const over = new AbortController();
    const stop = () => {
      over.abort();
      this.wake();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const response of this.#client.streamRecords(this.#batches(over.signal), { signal })) {
        this.#events.up();
        this.#reject(response.rejected);
        this.#acknowledge(Number(response.acknowledgedSequence));
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
    if (!signal.aborted) throw new ConnectError("the recorder ended the stream", Code.Unavailable);
  }

  async *#batches(over: AbortSignal): AsyncGenerator<StreamRecordsRequest> {
    // The first, empty batch opens the stream at once, so that the link is known to work before it is needed.
    yield create(StreamRecordsRequestSchema);
    while (!over.aborted) {
      if (this.#inFlight.length >= windowRecords || !this.#pending.hasUnsent()) {
        await this.#somethingToDo();
        continue;
      }
      const batch = this.#pending.take(batchRecords, batchBytes);
      if (batch.length > 0) yield this.#request(batch);
    }
  }

  #request(batch: readonly PendingRecord[]): StreamRecordsRequest {
    const request = create(StreamRecordsRequestSchema);
    const first = this.#firstSequence + this.#inFlight.length;
    const sequenced = batch.map(({ bytes }, index) => ({ sequence: first + index, bytes }));
    // Already encoded records go in as a member the runtime copies through: field 1, wire type 2.
    request.$unknown = [{ no: 1, wireType: 2, data: frameRecords(sequenced) }];
    this.#inFlight.push(...batch);
    return request;
  }

  /** Waits for a wake-up, then for the end of this turn of the event loop, so that what arrives together travels together. */
  async #somethingToDo(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #reject(rejected: readonly RejectedRecord[]): void {
    for (const { sequence, code, message } of rejected) {
      const record = this.#inFlight[Number(sequence) - this.#firstSequence];
      if (record !== undefined) this.#events.rejected(record, code, message);
    }
  }

  #acknowledge(sequence: number): void {
    const count = Math.min(sequence - this.#firstSequence + 1, this.#inFlight.length);
    if (count <= 0) return;
    const acknowledged = this.#inFlight.slice(0, count);
    this.#inFlight = this.#inFlight.slice(count);
    this.#firstSequence += count;
    this.#pending.acknowledge(acknowledged.at(-1) as PendingRecord);
    this.#events.acknowledged(acknowledged);
    this.wake();
  }
}
