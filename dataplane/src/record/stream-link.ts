import {
  type RecorderService,
  type RejectedRecord,
  type StreamRecordsRequest,
  StreamRecordsRequestSchema,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { frameRecords } from "./encode-record.ts";
import type { Link, LinkEvents } from "./link.ts";
import type { QueuedRecord, RecordQueue } from "./record-queue.ts";
import { WakeUp } from "./wake-up.ts";

/** A batch ends at this many records or bytes. */
const batchRecords = 256;
const batchBytes = 1024 * 1024;
/** Records on the wire without an acknowledgement, and their bytes; more wait where they are kept. */
const windowRecords = 8192;
const windowBytes = 8 * 1024 * 1024;
/** How long a batch that is not full waits for more: a message costs more than the records in it. */
const gatherMs = 50;
/**
 * A stream on which nothing is acknowledged for this long, while something waits for it, is made anew: something in between
 * may hold it open, and answer pings, although the recorder is gone.
 */
const silenceMs = 60_000;

/** Delivery over one StreamRecords stream: batches one way, cumulative acknowledgements the other way. */
export class StreamLink implements Link {
  readonly #client: Client<typeof RecorderService>;
  readonly #queue: RecordQueue;
  readonly #events: LinkEvents;
  readonly #somethingToDo = new WakeUp();
  /** True while a batch waits for more; true if what is to be sent should not wait. */
  #gathering = false;
  #haste = false;
  /** Sent and unacknowledged, oldest first; the first one has sequence `#firstSequence`. */
  #inFlight: QueuedRecord[] = [];
  #inFlightBytes = 0;
  #firstSequence = 1;
  #silence: NodeJS.Timeout | undefined;

  constructor(client: Client<typeof RecorderService>, queue: RecordQueue, events: LinkEvents) {
    this.#client = client;
    this.#queue = queue;
    this.#events = events;
  }

  wake(haste: boolean): void {
    this.#haste ||= haste;
    if (this.#gathering && !this.#haste && this.#queue.unsent < batchRecords) return;
    this.#somethingToDo.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#queue.rewind();
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    this.#firstSequence = 1;
    await this.#somethingToDo.during(signal, () => this.#stream(signal));
    if (!signal.aborted) throw new ConnectError("the recorder ended the stream", Code.Unavailable);
  }

  async #stream(signal: AbortSignal): Promise<void> {
    // The sending side must end with the receiving one: left waiting, it would keep the stream half open, and take
    // records that the next stream has to send.
    const over = new AbortController();
    const eitherOver = AbortSignal.any([signal, over.signal]);
    this.#silence = setTimeout(() => this.#endIfWaiting(over), silenceMs);
    try {
      const batches = this.#batches(eitherOver);
      for await (const response of this.#client.streamRecords(batches, { signal: eitherOver })) {
        this.#silence.refresh();
        this.#events.up();
        this.#reject(response.rejected);
        this.#acknowledge(Number(response.acknowledgedSequence));
      }
    } finally {
      clearTimeout(this.#silence);
      over.abort();
      this.#somethingToDo.wake();
    }
  }

  #endIfWaiting(stream: AbortController): void {
    if (this.#inFlight.length === 0) return;
    stream.abort(new ConnectError("the recorder acknowledges nothing", Code.DeadlineExceeded));
  }

  async *#batches(over: AbortSignal): AsyncGenerator<StreamRecordsRequest> {
    // The first, empty batch opens the stream at once, so that the link is known to work before it is needed.
    yield create(StreamRecordsRequestSchema);
    while (!over.aborted) {
      if (this.#windowIsFull() || this.#queue.unsent === 0) await this.#somethingToDo.sleep();
      if (!over.aborted) await this.#gather();
      if (over.aborted || this.#windowIsFull()) continue;
      const batch = await this.#queue.take(batchRecords, batchBytes);
      if (batch.length > 0 && !over.aborted) yield this.#request(batch);
    }
  }

  async #gather(): Promise<void> {
    if (!this.#haste && this.#queue.unsent < batchRecords) {
      this.#gathering = true;
      await this.#somethingToDo.doze(gatherMs);
      this.#gathering = false;
    }
    this.#haste = false;
    // Requests come first; and what arrives in one turn of the event loop travels together.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #windowIsFull(): boolean {
    return this.#inFlight.length >= windowRecords || this.#inFlightBytes >= windowBytes;
  }

  #request(batch: readonly QueuedRecord[]): StreamRecordsRequest {
    const request = create(StreamRecordsRequestSchema);
    const first = this.#firstSequence + this.#inFlight.length;
    const sequenced = batch.map(({ bytes }, index) => ({ sequence: first + index, bytes }));
    // Already encoded records go in as a member the runtime copies through: field 1, wire type 2.
    request.$unknown = [{ no: 1, wireType: 2, data: frameRecords(sequenced) }];
    if (this.#inFlight.length === 0) this.#silence?.refresh();
    this.#inFlight.push(...batch);
    this.#inFlightBytes += bytesOf(batch);
    return request;
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
    this.#inFlightBytes -= bytesOf(acknowledged);
    this.#firstSequence += count;
    this.#queue.acknowledge(acknowledged);
    this.#events.acknowledged(acknowledged);
    this.wake(false);
  }
}

function bytesOf(records: readonly QueuedRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
