import type {
  Interception,
  InterceptionEnded,
  ModelThought,
  PromptUsage,
  TokenUsage,
  ToolUsage,
} from "@aibridge/proto";
import type { MessageFinder } from "./message-finder.ts";
import type { RecordBody, RecordKind } from "./record-body.ts";

/**
 * A recorder as one function for each kind of record, the same six that `createGateway` takes.
 *
 * A function that resolves says that the record is durable. A record may come twice, even at the same time (its `id` is
 * the same then: store it once), and the records that follow a start may come before it. Throw {@link RejectRecord} for a
 * record that can never be stored; one at which a function fails otherwise comes again, until it resolves.
 */
export interface RecorderFunctions extends MessageFinder {
  /** A request was accepted. */
  recordInterception(interception: Interception): Promise<void> | void;
  /** It is over. A real end replaces a provisional one of the same interception, never the reverse. */
  recordInterceptionEnded(ended: InterceptionEnded): Promise<void> | void;
  /** What one answer of the provider cost. */
  recordTokenUsage(usage: TokenUsage): Promise<void> | void;
  /** What the user asked. */
  recordPromptUsage(usage: PromptUsage): Promise<void> | void;
  /** A tool call of the model. */
  recordToolUsage(usage: ToolUsage): Promise<void> | void;
  /** What the model thought. */
  recordModelThought(thought: ModelThought): Promise<void> | void;
}

/**
 * A recorder that stores many records at once, for hosts that want one transaction for a batch: it costs one sync of the
 * disk instead of hundreds.
 */
export interface BatchRecorder extends MessageFinder {
  /**
   * Stores all of the records or none, in this order. Resolves once all are durable. It is called with the next batch
   * only when this one is done; what comes meanwhile waits for it.
   *
   * When it throws {@link RejectRecord}, it is called again with parts of the batch, until the one record that cannot be
   * stored is found; the others are stored. So it is for a `ConnectError` with `Code.AlreadyExists`.
   */
  recordBatch(records: readonly RecordBody[]): Promise<void> | void;
}

/** What a host gives: a function for each kind of record, or one for all. Of an object with both, `recordBatch` is used. */
export type HostRecorder = RecorderFunctions | BatchRecorder;

/** Calls the function for the record's kind. */
export function callRecorderFunction(recorder: RecorderFunctions, record: RecordBody): Promise<void> | void {
  switch (record.case) {
    case "interception":
      return recorder.recordInterception(record.value);
    case "interceptionEnded":
      return recorder.recordInterceptionEnded(record.value);
    case "tokenUsage":
      return recorder.recordTokenUsage(record.value);
    case "promptUsage":
      return recorder.recordPromptUsage(record.value);
    case "toolUsage":
      return recorder.recordToolUsage(record.value);
    case "modelThought":
      return recorder.recordModelThought(record.value);
  }
}

/** Name of the function for a kind: "recordTokenUsage" for "tokenUsage". */
export function functionName(kind: RecordKind): string {
  return `record${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}
