import {
  type Record as RecordInStream,
  type RejectedRecord,
  RejectedRecordSchema,
  type StreamRecordsRequest,
  type StreamRecordsResponse,
  StreamRecordsResponseSchema,
} from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { orderedWindow } from "./ordered-window.ts";
import { rejectionOf } from "./reject-record.ts";
import type { StoreRecord } from "./store-singly.ts";

/** A batch whose records follow the ones before them. */
interface SequencedBatch {
  readonly records: readonly RecordInStream[];
  /** Sequence of its last record; of an empty one, of the last record before it. */
  readonly last: bigint;
}

/**
 * Stores the records of one stream and acknowledges each batch once all of it, and all before it, is durable or rejected.
 * An empty batch is answered too: a data plane opens a stream with one, and waits for the answer.
 * @param store rejects with INVALID_ARGUMENT or OUT_OF_RANGE for a record that is refused for good
 * @param window batches that may be under way at once
 * @throws ConnectError INVALID_ARGUMENT when a sequence does not follow, and whatever else `store` rejects with
 */
export function acknowledgeStream(
  requests: AsyncIterable<StreamRecordsRequest>,
  store: StoreRecord,
  window: number,
): AsyncGenerator<StreamRecordsResponse> {
  return orderedWindow(inSequence(requests), window, (batch) => settleBatch(batch, store));
}

/** A gap would make a cumulative acknowledgement claim records that never came. */
async function* inSequence(requests: AsyncIterable<StreamRecordsRequest>): AsyncGenerator<SequencedBatch> {
  let last = 0n;
  for await (const { records } of requests) {
    for (const { sequence } of records) {
      last += 1n;
      if (sequence !== last) {
        const problem = `expected sequence ${last}, found ${sequence}: sequences start at 1 in each stream and grow by 1`;
        throw new ConnectError(problem, Code.InvalidArgument);
      }
    }
    yield { records, last };
  }
}

/** Resolves when each of its records is durable or rejected. */
async function settleBatch({ records, last }: SequencedBatch, store: StoreRecord) {
  const settled = await Promise.allSettled(records.map((record) => settleRecord(record, store)));
  const failed = settled.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const rejected = settled.map((result) => (result.status === "fulfilled" ? result.value : undefined));
  return create(StreamRecordsResponseSchema, {
    acknowledgedSequence: last,
    rejected: rejected.filter((rejection) => rejection !== undefined),
  });
}

async function settleRecord(
  { sequence, record }: RecordInStream,
  store: StoreRecord,
): Promise<RejectedRecord | undefined> {
  if (record.case === undefined) {
    const message = "the kind of the record is not known to this recorder";
    return create(RejectedRecordSchema, { sequence, code: Code.Unimplemented, message });
  }
  try {
    await store(record);
    return undefined;
  } catch (error) {
    const rejection = rejectionOf(error);
    if (rejection === undefined) throw error;
    const { code, rawMessage: message } = rejection;
    return create(RejectedRecordSchema, { sequence, recordId: record.value.id, code, message });
  }
}
