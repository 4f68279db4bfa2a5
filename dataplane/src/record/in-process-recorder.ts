import type {
  Interception,
  InterceptionEnded,
  ModelThought,
  PromptUsage,
  TokenUsage,
  ToolUsage,
} from "@aibridge/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { AskLastMessage, LastMessage, MessageQuery } from "../control/last-messages.ts";
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
  /**
   * Looks up how the answer with this message went on; undefined if the actor has no such message, or its interception
   * has not ended. Asked when a client goes on from an answer of the Responses API, with calls of central tools in it, that
   * this gateway does not remember.
   * @default nothing is found: the model forgets those calls
   */
  findLastMessage?(query: MessageQuery): Promise<LastMessage | undefined> | LastMessage | undefined;
}

/** Longest time a function may take for one record. */
const timeoutMs = 10_000;

/** Delivers records to a host's functions. */
export function deliverInProcess(recorder: RecorderFunctions): DeliverRecord {
  return (record, signal) => withinTime(deliver(recorder, record), timeoutMs, signal);
}

/** Asks a host's function where an answer ended. */
export function findInProcess(recorder: RecorderFunctions): AskLastMessage {
  return async (query, askTimeoutMs) => {
    if (recorder.findLastMessage === undefined)
      throw new ConnectError("the recorder has no function findLastMessage", Code.Unimplemented);
    const ask = async () => foundMessage(await recorder.findLastMessage?.(query));
    try {
      return await withinTime(ask(), askTimeoutMs);
    } catch (error) {
      throw hostFailure("findLastMessage", error);
    }
  };
}

function foundMessage(found: LastMessage | null | undefined): LastMessage | undefined {
  if (found === undefined || found === null) return undefined;
  const { messageId, pendingCallIds } = found;
  if (typeof messageId === "string" && Array.isArray(pendingCallIds)) return found;
  throw new TypeError("findLastMessage answered without messageId or pendingCallIds");
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
