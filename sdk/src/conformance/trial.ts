import type { UsageService } from "@aibridge/proto";
import { type Client, Code } from "@connectrpc/connect";
import { callWith, methodName } from "./record-calls.ts";
import {
  type ConnectionOptions,
  openConnection,
  type RecorderAddress,
  type RecorderConnection,
} from "./recorder-connection.ts";
import { RecorderStream } from "./recorder-stream.ts";
import type { RecordBody } from "./sample-records.ts";
import { expectStatus, OK, type Status, statusOf } from "./status.ts";

/** Statuses of a unary call that mean the record is durable. */
export const STORED = [OK, Code.AlreadyExists] as const;

/** What all trials of one run share. */
export interface TrialSettings {
  readonly address: RecorderAddress;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** True if the recorder serves StreamRecords. */
  readonly streams: boolean;
  /** Reads what was stored; undefined if nothing can. */
  readonly usage: Client<typeof UsageService> | undefined;
}

/** What the check of one requirement works with. Everything it opens is closed after it. */
export class Trial {
  readonly settings: TrialSettings;
  readonly #connections: RecorderConnection[] = [];
  readonly #streams: RecorderStream[] = [];
  #shared: RecorderConnection | undefined;

  constructor(settings: TrialSettings) {
    this.settings = settings;
  }

  /** A connection of its own. */
  connect(options?: ConnectionOptions): RecorderConnection {
    const connection = openConnection(this.settings.address, options);
    this.#connections.push(connection);
    return connection;
  }

  /** The connection used where it does not matter. */
  get connection(): RecorderConnection {
    this.#shared ??= this.connect();
    return this.#shared;
  }

  /** Opens a stream on a connection. */
  openStream(connection: RecorderConnection = this.connection): RecorderStream {
    const stream = new RecorderStream(connection.recorder, this.settings.timeoutMs);
    this.#streams.push(stream);
    return stream;
  }

  /** Sends a record by its unary method. */
  call(record: RecordBody, connection: RecorderConnection = this.connection): Promise<Status> {
    return statusOf(callWith(connection.recorder, record, { timeoutMs: this.settings.timeoutMs }));
  }

  /** Stores records by their unary methods, one after the other. @throws Unmet if one is not taken */
  async storeByCalls(records: readonly RecordBody[]): Promise<void> {
    for (const record of records) {
      expectStatus(methodName(record.case), await this.call(record), STORED);
    }
  }

  /** Stores records as one batch of a stream of its own. @throws Unmet if one is rejected or not acknowledged */
  async storeByStream(records: readonly RecordBody[]): Promise<void> {
    const stream = this.openStream();
    stream.send(records);
    await stream.expectAcknowledged();
    stream.expectNoneRejected();
    stream.finish();
  }

  /** Stores records, made anew each time, in every way the recorder has. @throws Unmet if one is not taken */
  async storeEachWay(makeRecords: () => readonly RecordBody[]): Promise<void> {
    await this.storeByCalls(makeRecords());
    if (this.settings.streams) {
      await this.storeByStream(makeRecords());
    }
  }

  close(): void {
    for (const stream of this.#streams) {
      stream.cut();
    }
    for (const connection of this.#connections) {
      connection.close();
    }
  }
}
