import type { Interception, Record as RecordMessage } from "@aibridge/proto";
import { GatewayError } from "../errors/gateway-error.ts";

/** One record of the six kinds, as the `record` oneof of the wire's Record message. */
export type RecordBody = Exclude<RecordMessage["record"], { case: undefined }>;

/** Name of a record's kind, also the `kind` label of metrics. */
export type RecordKind = RecordBody["case"];

/** The start of an interception could not be recorded. */
export class RecordingRefused extends GatewayError {
  /**
   * True if the recorder may have stored the start all the same (it was on the wire, or it is still waiting in memory
   * under `on_failure: pass`): its end must then be appended too.
   */
  readonly mayBeStored: boolean;

  constructor(mayBeStored: boolean, retryAfter: number) {
    super(
      "recorder_unavailable",
      "The gateway cannot record requests right now, and it serves none that it cannot record. Try again shortly.",
      { retryAfter },
    );
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
   * it is already so or cannot be waited for (the recorder is away). It never rejects. An answer's terminal bytes wait
   * for it.
   */
  settled(): Promise<void> | undefined;
  /** Undefined if starts can be taken, else why not, in a few words. */
  unavailable(): string | undefined;
  /** Delivers what is left within the time, then stops. Resolves with the number of records not delivered. */
  close(withinMs: number): Promise<number>;
}
