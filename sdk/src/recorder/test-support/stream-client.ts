import { PassThrough } from "node:stream";
import {
  type RecorderService,
  type StreamRecordsRequest,
  StreamRecordsRequestSchema,
  type StreamRecordsResponse,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { type Client, ConnectError } from "@connectrpc/connect";
import type { RecordBody } from "../record-body.ts";

/** A record of a kind that the recorder does not know. */
export const unknownKind = { case: undefined } as const;

/** One StreamRecords call, a batch and an answer at a time. */
export class StreamClient {
  readonly #requests = new PassThrough({ objectMode: true });
  readonly #responses: AsyncIterator<StreamRecordsResponse>;
  #sequence = 0n;

  constructor(client: Client<typeof RecorderService>) {
    const requests: AsyncIterable<StreamRecordsRequest> = this.#requests;
    this.#responses = client.streamRecords(requests)[Symbol.asyncIterator]();
  }

  /** Sends the records as one batch. */
  send(...records: readonly (RecordBody | typeof unknownKind)[]): void {
    this.sendNumbered(this.#sequence + 1n, ...records);
  }

  /** Sends a batch whose first record has the given sequence. */
  sendNumbered(first: bigint, ...records: readonly (RecordBody | typeof unknownKind)[]): void {
    this.#sequence = first + BigInt(records.length) - 1n;
    const sequenced = records.map((record, index) => ({ sequence: first + BigInt(index), record }));
    this.#requests.write(create(StreamRecordsRequestSchema, { records: sequenced }));
  }

  /** The next acknowledgement, as [sequence, …"sequence code message" of what was rejected]. */
  async next(): Promise<[number, ...string[]]> {
    const { value, done } = await this.#responses.next();
    if (done === true) throw new Error("the stream has ended");
    const { acknowledgedSequence, rejected } = value as StreamRecordsResponse;
    return [
      Number(acknowledgedSequence),
      ...rejected.map(({ sequence, code, message }) => `${sequence} ${code} ${message}`),
    ];
  }

  /** What the stream fails with. */
  async failure(): Promise<ConnectError> {
    try {
      for (;;) await this.next();
    } catch (error) {
      // As a data plane does: a sending side that is left waiting would keep the stream half open.
      this.#requests.end();
      return ConnectError.from(error);
    }
  }

  /** Says that nothing more is sent, and waits for the end. */
  async end(): Promise<void> {
    this.#requests.end();
    const { done } = await this.#responses.next();
    if (done !== true) throw new Error("there was one more acknowledgement");
  }
}
