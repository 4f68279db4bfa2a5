import {
  type FindLastMessageRequest,
  type RecorderService,
  type Record as RecordInStream,
  RejectedRecordSchema,
  type StreamRecordsRequest,
  type StreamRecordsResponse,
  StreamRecordsResponseSchema,
} from "@aibridge/proto";
import { untilAborted } from "@aibridge/proto/server";
import { create } from "@bufbuild/protobuf";
import { Code, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { acknowledgeStream, type CheckedBatch, type Rejection } from "../domain/acknowledge-stream.ts";
import { Failure } from "../domain/failure.ts";
import type { Ingest } from "../domain/ingest.ts";
import type { ValidRecord } from "../domain/records.ts";
import type { LastMessage, MessageStore } from "../store/store.ts";
import { CALLER } from "../transport/caller.ts";
import type { StreamLifetime } from "../transport/stream-lifetime.ts";
import { type RecordMessage, recordFromMessage } from "./record-from-message.ts";

/** Longer ids are not looked for, in UTF-16 units: no provider has such. */
const MAX_MESSAGE_ID_LENGTH = 1024;

const REJECTION_CODES: Readonly<Record<Rejection["reason"], Code>> = {
  invalid_argument: Code.InvalidArgument,
  out_of_range: Code.OutOfRange,
  unknown_kind: Code.Unimplemented,
};

export interface RecorderDependencies {
  readonly ingest: Ingest;
  readonly messages: MessageStore;
  readonly lifetime: StreamLifetime;
  /** Called for each record that was refused for good. */
  readonly onRejected: (reason: Rejection["reason"]) => void;
}

/** RecorderService: six unary methods and one stream over the same path into the store, and a look-up in it. */
export function recorderService(dependencies: RecorderDependencies): ServiceImpl<typeof RecorderService> {
  const { lifetime } = dependencies;
  const save = async (message: PossibleRecord, context: HandlerContext) => {
    await dependencies.ingest.save([checkUnary(message, context, dependencies)]);
    return {};
  };
  return {
    recordInterception: (request, context) =>
      save({ case: "interception", value: request.interception }, context),
    recordInterceptionEnded: (request, context) =>
      save({ case: "interceptionEnded", value: request.interceptionEnded }, context),
    recordTokenUsage: (request, context) => save({ case: "tokenUsage", value: request.tokenUsage }, context),
    recordPromptUsage: (request, context) =>
      save({ case: "promptUsage", value: request.promptUsage }, context),
    recordToolUsage: (request, context) => save({ case: "toolUsage", value: request.toolUsage }, context),
    recordModelThought: (request, context) =>
      save({ case: "modelThought", value: request.modelThought }, context),
    streamRecords: (requests, context) =>
      lifetime.during(context, (signal) => streamRecords(requests, context, signal, dependencies)),
    findLastMessage: (query) => findLastMessage(query, dependencies),
  };
}

/** A record whose message may be missing from its request. */
type PossibleRecord = {
  [C in RecordMessage["case"]]: { case: C; value: MessageOf<C> | undefined };
}[RecordMessage["case"]];
type MessageOf<C extends RecordMessage["case"]> = Extract<RecordMessage, { case: C }>["value"];

function checkUnary(
  message: PossibleRecord,
  context: HandlerContext,
  { onRejected }: RecorderDependencies,
): ValidRecord {
  try {
    if (message.value === undefined) {
      throw new Failure("invalid_argument", "the request has no record");
    }
    return recordFromMessage(message as RecordMessage, authenticatedGateway(context));
  } catch (error) {
    onRejected(rejectionReason(error));
    throw error;
  }
}

async function findLastMessage(
  { initiatorId, providerName, messageId }: FindLastMessageRequest,
  { messages }: RecorderDependencies,
): Promise<LastMessage> {
  if (messageId === "") {
    throw new Failure("invalid_argument", "message_id is missing");
  }
  const isPossible = messageId.length <= MAX_MESSAGE_ID_LENGTH;
  const found = isPossible && (await messages.findLast({ initiatorId, providerName, messageId }));
  if (!found) {
    throw new Failure("not_found", "the actor has no answer with this message_id that has ended");
  }
  return found;
}

async function* streamRecords(
  requests: AsyncIterable<StreamRecordsRequest>,
  context: HandlerContext,
  signal: AbortSignal,
  { ingest, onRejected }: RecorderDependencies,
): AsyncGenerator<StreamRecordsResponse> {
  const gatewayId = authenticatedGateway(context);
  const batches = checkBatches(untilAborted(requests, signal), gatewayId);
  for await (const { sequence, rejected } of acknowledgeStream(batches, (records) => ingest.save(records))) {
    for (const { reason } of rejected) {
      onRejected(reason);
    }
    yield create(StreamRecordsResponseSchema, {
      acknowledgedSequence: sequence,
      rejected: rejected.map(rejectionMessage),
    });
  }
}

async function* checkBatches(
  requests: AsyncIterable<StreamRecordsRequest>,
  gatewayId: string | undefined,
): AsyncGenerator<CheckedBatch> {
  let next = 1n;
  for await (const { records } of requests) {
    const batch = checkBatch(records, next, gatewayId);
    next = batch.last + 1n;
    yield batch;
  }
}

/**
 * A batch without records ends where the one before it did: it is answered too, so that a data plane learns that the
 * stream is open.
 * @param next the sequence that follows the batch before it
 */
function checkBatch(
  messages: readonly RecordInStream[],
  next: bigint,
  gatewayId: string | undefined,
): CheckedBatch {
  const first = messages[0]?.sequence ?? next;
  const records: ValidRecord[] = [];
  const rejected: Rejection[] = [];
  for (const [index, { sequence, record }] of messages.entries()) {
    if (sequence !== first + BigInt(index)) {
      throw new Failure("invalid_argument", `sequence ${sequence} does not follow the one before it`);
    }
    const checked = checkRecord(sequence, record, gatewayId);
    if ("reason" in checked) {
      rejected.push(checked);
    } else {
      records.push(checked);
    }
  }
  return { first, last: first + BigInt(messages.length - 1), records, rejected };
}

function checkRecord(
  sequence: bigint,
  record: RecordInStream["record"],
  gatewayId: string | undefined,
): ValidRecord | Rejection {
  if (record.case === undefined) {
    const message = "the kind of the record is not known to this recorder";
    return { sequence, recordId: "", reason: "unknown_kind", message };
  }
  try {
    return recordFromMessage(record, gatewayId);
  } catch (error) {
    const reason = rejectionReason(error);
    return { sequence, recordId: record.value.id, reason, message: (error as Failure).message };
  }
}

/** Why a record cannot be stored. Any other error is not the record's fault and is thrown on. */
function rejectionReason(error: unknown): "invalid_argument" | "out_of_range" {
  if (error instanceof Failure && (error.reason === "invalid_argument" || error.reason === "out_of_range")) {
    return error.reason;
  }
  throw error;
}

function rejectionMessage({ sequence, recordId, reason, message }: Rejection) {
  return create(RejectedRecordSchema, { sequence, recordId, code: REJECTION_CODES[reason], message });
}

/** The name of a created gateway key; the bootstrap key is shared and names nobody. */
function authenticatedGateway(context: HandlerContext): string | undefined {
  const caller = context.values.get(CALLER);
  return caller?.kind === "gateway" && caller.key === "created" ? caller.name : undefined;
}
