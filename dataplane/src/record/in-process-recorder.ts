import type {
  Interception,
  InterceptionEnded,
  ModelThought,
  PromptUsage,
  TokenUsage,
  ToolUsage,
} from "@aibridge/proto";
import { hostFailure } from "../errors/host-failure.ts";
import { withinTime } from "../errors/within-time.ts";
import type { RecordBody } from "./recorder.ts";
import type { DeliverRecord } from "./unary-link.ts";

/**
 * A recorder in this process: one function for each kind of record. A function that resolves says that the record is
 * safe. One that rejects is called again with the same record, with back-off, until it resolves; a `ConnectError` with
 * `Code.AlreadyExists` counts as stored, one with `Code.InvalidArgument` or `Code.OutOfRange` as refused for good. A
 * record may arrive twice (its `id` is the same then), and the records that follow a start may arrive in any order.
 */
export interface RecorderFunctions {
  /** A request was accepted. Nothing goes to the provider before this resolved. */
  recordInterception(interception: Interception): Promise<void> | void;
  /** It is over. A real end replaces a provisional one of the same interception. */
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

/** Longest time a function may take for one record. */
const timeoutMs = 10_000;

/** Delivers records to a host's functions. */
export function deliverInProcess(recorder: RecorderFunctions): DeliverRecord {
  return (record, signal) => withinTime(deliver(recorder, record), timeoutMs, signal);
}

async function deliver(recorder: RecorderFunctions, record: RecordBody): Promise<void> {
  try {
    await callFunction(recorder, record);
  } catch (error) {
    throw hostFailure(`the recorder's function for ${record.case}`, error);
  }
}

function callFunction(recorder: RecorderFunctions, record: RecordBody): Promise<void> | void {
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
