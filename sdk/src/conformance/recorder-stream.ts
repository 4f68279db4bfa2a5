import {
  type RecorderService,
  RecordSchema,
  type RejectedRecord,
  type StreamRecordsRequest,
  StreamRecordsRequestSchema,
  type StreamRecordsResponse,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { RecordBody } from "./sample-records.ts";
import { describeStatus, errorStatus, OK, type Status } from "./status.ts";
import { Unmet } from "./unmet.ts";

/** An answer, with what had been sent when it came. */
export interface StreamAnswer {
  readonly response: StreamRecordsResponse;
  /** Highest sequence handed to the connection by then. */
  readonly sentSequence: number;
}

/** One StreamRecords call: batches are sent as told, answers are kept as they come. */
export class RecorderStream {
  readonly #timeoutMs: number;
  readonly #cut = new AbortController();
  /** Batches that the connection has not asked for yet. */
  readonly #outgoing: StreamRecordsRequest[] = [];
  #finished = false;
  #wakeSender: (() => void) | undefined;
  /** Last sequence given out by `send`. */
  #lastSequence = 0;
  /** Batches that the connection took, and the highest sequence in those it asked for. */
  #handedOver = 0;
  #sentSequence = 0;
  readonly #answers: StreamAnswer[] = [];
  #ended: Status | undefined;
  /** Look again whether what they wait for has come. */
  readonly #waiting = new Set<() => void>();

  /** @param timeoutMs how long each wait for the recorder may last */
  constructor(client: Client<typeof RecorderService>, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    void this.#receive(client);
  }

  /** Every answer so far. */
  get answers(): readonly StreamAnswer[] {
    return this.#answers;
  }

  /** Highest sequence that was acknowledged; 0 at the start. */
  get acknowledged(): number {
    return Math.max(0, ...this.#answers.map(({ response }) => Number(response.acknowledgedSequence)));
  }

  /** Everything that was rejected so far. */
  get rejected(): readonly RejectedRecord[] {
    return this.#answers.flatMap(({ response }) => response.rejected);
  }

  /** Sends a batch of records with the next sequences. @returns the last of them */
  send(records: readonly RecordBody[]): number {
    const numbered = records.map((record) =>
      create(RecordSchema, { sequence: BigInt(++this.#lastSequence), record }),
    );
    this.sendRequest(create(StreamRecordsRequestSchema, { records: numbered }));
    return this.#lastSequence;
  }

  /** Sends a batch as it is; sequences are the caller's business. */
  sendRequest(request: StreamRecordsRequest): void {
    this.#outgoing.push(request);
    this.#wakeSender?.();
  }

  /** Says that no more batches come. */
  finish(): void {
    this.#finished = true;
    this.#wakeSender?.();
  }

  /** Gives the call up, as when a connection breaks. */
  cut(): void {
    this.#cut.abort();
    this.finish();
  }

  /** Resolves once the connection has taken everything that was sent so far. */
  async handedOver(): Promise<void> {
    const batches = this.#handedOver + this.#outgoing.length;
    if (!(await this.#until(() => this.#handedOver >= batches))) {
      throw new Unmet(`the recorder to read what is sent ${this.#inTime()}`, this.#progress());
    }
  }

  /** Resolves once everything up to this sequence is acknowledged. @throws Unmet if it is not, in time */
  async expectAcknowledged(sequence: number = this.#lastSequence): Promise<void> {
    if (!(await this.acknowledgedInTime(sequence))) {
      throw new Unmet(`an acknowledgement of sequence ${sequence} ${this.#inTime()}`, this.#progress());
    }
  }

  /** True once everything up to this sequence is acknowledged; false if it is not in time, or never. */
  async acknowledgedInTime(sequence: number): Promise<boolean> {
    await this.#until(() => this.acknowledged >= sequence);
    return this.acknowledged >= sequence;
  }

  /** The first answer. @throws Unmet if there is none in time */
  async firstAnswer(): Promise<StreamRecordsResponse> {
    await this.#until(() => this.#answers.length > 0);
    const [first] = this.#answers;
    if (first === undefined) {
      throw new Unmet(`an answer ${this.#inTime()}`, this.#progress());
    }
    return first.response;
  }

  /** How the call ended; undefined if it has not, in time. */
  async end(withinMs: number = this.#timeoutMs): Promise<Status | undefined> {
    await this.#until(() => this.#ended !== undefined, withinMs);
    return this.#ended;
  }

  /** @throws Unmet if any record was rejected */
  expectNoneRejected(): void {
    const [first] = this.rejected;
    if (first !== undefined) {
      const { sequence, code, message } = first;
      throw new Unmet(
        "no record rejected",
        `sequence ${sequence} rejected: ${describeStatus({ code, message })}`,
      );
    }
  }

  async #receive(client: Client<typeof RecorderService>): Promise<void> {
    try {
      for await (const response of client.streamRecords(this.#requests(), { signal: this.#cut.signal })) {
        this.#answers.push({ response, sentSequence: this.#sentSequence });
        this.#changed();
      }
      this.#ended = { code: OK, message: "" };
    } catch (error) {
      this.#ended = errorStatus(error);
    }
    this.finish();
    this.#changed();
  }

  async *#requests(): AsyncGenerator<StreamRecordsRequest> {
    for (;;) {
      const next = this.#outgoing.shift();
      if (next !== undefined) {
        this.#sentSequence = Math.max(this.#sentSequence, Number(next.records.at(-1)?.sequence ?? 0n));
        yield next;
        this.#handedOver += 1;
        this.#changed();
      } else if (this.#finished) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeSender = resolve;
        });
      }
    }
  }

  /** Waits for the condition, for the end of the call, or for the time to be up. True if the condition holds. */
  async #until(holds: () => boolean, withinMs: number = this.#timeoutMs): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (holds() || this.#ended !== undefined) {
        resolve();
      }
    };
    const timeUp = setTimeout(resolve, withinMs);
    this.#waiting.add(look);
    look();
    await promise;
    clearTimeout(timeUp);
    this.#waiting.delete(look);
    return holds();
  }

  #changed(): void {
    for (const look of this.#waiting) {
      look();
    }
  }

  #inTime(): string {
    return `within ${this.#timeoutMs / 1000} s`;
  }

  /** What came instead of what was awaited. */
  #progress(): string {
    const { length } = this.#answers;
    const answers =
      length === 0 ? "no answer" : `${length} answers, the highest acknowledging ${this.acknowledged}`;
    return this.#ended === undefined
      ? answers
      : `${answers}; the stream ended with ${describeStatus(this.#ended)}`;
  }
}
