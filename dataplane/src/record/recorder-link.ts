import {
  type RecorderService,
  type RejectedRecord,
  type StreamRecordsRequest,
  StreamRecordsRequestSchema,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { frameRecord } from "./encode-record.ts";
import type { PendingRecord, PendingRecords } from "./pending-records.ts";
import type { RecordBody } from "./recorder.ts";

/** A batch ends at this many records or bytes. */
const batchRecords = 256;
const batchBytes = 1024 * 1024;
/** Records on the wire without an acknowledgement; more wait in memory. */
const windowRecords = 8192;
/** Unary calls under way at once. */
const unaryConcurrency = 16;
const unaryTimeoutMs = 10_000;

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
    let sequence = this.#firstSequence + this.#inFlight.length;
    // Already encoded records go in as members the runtime copies through: field 1, wire type 2.
    request.$unknown = batch.map((record) => ({
      no: 1,
      wireType: 2,
      data: frameRecord(sequence++, record.bytes),
    }));
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

/** Delivery by the six unary methods, for recorders that do not have StreamRecords. */
export class UnaryLink implements Link {
  readonly #client: Client<typeof RecorderService>;
  readonly #pending: PendingRecords;
  readonly #events: LinkEvents;
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
    const batch = this.#pending.take(unaryConcurrency, batchBytes);
    const last = batch.at(-1);
    if (last === undefined) {
      return new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    await Promise.all(batch.map((record) => this.#deliver(record, signal)));
    this.#pending.acknowledge(last);
    this.#events.acknowledged(batch);
  }

  async #deliver(record: PendingRecord, signal: AbortSignal): Promise<void> {
    try {
      await callUnary(this.#client, record.body, signal);
      this.#events.up();
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (code === Code.AlreadyExists) return;
      if (code !== Code.InvalidArgument && code !== Code.OutOfRange) throw error;
      this.#events.rejected(record, code, rawMessage);
    }
  }
}

function callUnary(
  client: Client<typeof RecorderService>,
  record: RecordBody,
  signal: AbortSignal,
): Promise<unknown> {
  const options = { signal, timeoutMs: unaryTimeoutMs };
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
}
