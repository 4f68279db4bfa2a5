import type { Interception, Record as RecordMessage } from "@aibridge/proto";
import { GatewayError } from "../errors/gateway-error.ts";

/** One record of the six kinds, as the `record` oneof of the wire's Record message. */
export type RecordBody = Exclude<RecordMessage["record"], { case: undefined }>;

/** Name of a record's kind, also the `kind` label of metrics. */
export type RecordKind = RecordBody["case"];

/** Why a start was not recorded. */
export type RefusalCode = "recorder_unavailable" | "spool_full" | "spool_unavailable" | "internal_error";

const messages: Record<RefusalCode, string> = {
  recorder_unavailable:
    "The gateway cannot record requests right now, and it serves none that it cannot record. Try again shortly.",
  spool_full: "The gateway has no room left to record requests, and it serves none that it cannot record.",
  spool_unavailable:
    "The gateway cannot write its records to disk, and it serves no request that it cannot record.",
  internal_error: "The gateway cannot record this request: what it has to record of it is too large.",
};

/** Seconds after which a refused request may be worth another try. */
const retryAfter: Record<RefusalCode, number | undefined> = {
  recorder_unavailable: 2,
  spool_full: 10,
  spool_unavailable: 10,
  internal_error: undefined,
};

/** The start of an interception could not be recorded. */
export class RecordingRefused extends GatewayError {
  declare readonly code: RefusalCode;
  /** True if the start is kept, or may be stored, all the same: its end must then be appended too. */
  readonly mayBeStored: boolean;

  constructor(code: RefusalCode, mayBeStored: boolean) {
    const seconds = retryAfter[code];
    super(code, messages[code], seconds === undefined ? {} : { retryAfter: seconds });
    this.mayBeStored = mayBeStored;
  }
}

/** Takes records. The seam between the life of a request and where records go. */
export interface Recorder {
  /**
   * Takes the start of an interception. Resolves once it is as safe as the configured durability asks; nothing may go
   * upstream before. Rejects with RecordingRefused.
   */
  begin(interception: Interception): Promise<void>;
  /** Takes any later record. Never throws and never waits; a loss is counted and logged. */
  append(record: RecordBody): void;
  /**
   * A promise for the moment when everything appended so far is as safe as the configured durability asks, undefined if
   * it is so already or cannot be waited for. It never rejects, and waits for a bounded time. An answer's terminal bytes
   * wait for it.
   */
  settled(): Promise<unknown> | undefined;
  /** Undefined if starts can be taken, else why not, in a few words. */
  unavailable(): string | undefined;
  /** Delivers what is left within the time, then stops. Resolves with the number of records not delivered. */
  close(withinMs: number): Promise<number>;
}
