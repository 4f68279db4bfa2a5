import type { ServerHttp2Session } from "node:http2";
import {
  type FindLastMessageRequest,
  type FindLastMessageResponseSchema,
  type GetInterceptionResponse,
  type Record as RecordInStream,
  type RejectedRecord,
  RejectedRecordSchema,
  type StreamRecordsRequest,
  type StreamRecordsResponse,
  StreamRecordsResponseSchema,
} from "@aibridge/proto";
import { API_VERSION_HEADER, checkApiVersion, isUuid, readBearer } from "@aibridge/proto/channel";
import { ServingStatus } from "@aibridge/proto/server";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { MemoryStore, type RecordBody } from "./memory-store.ts";

/** Gateway key of every host here. */
export const HOST_KEY = "gateway-key-of-a-host-0123456789abcdef";

/** How a record came. */
export type Way = "call" | "stream";

/** What FindLastMessage answers. */
export type FoundMessage = MessageInitShape<typeof FindLastMessageResponseSchema>;

/** Where one stream is. */
export interface StreamState {
  /** Highest sequence that was taken. */
  last: bigint;
}

/**
 * A host's recorder that keeps every rule, in memory, made of small steps: a broken one differs in one of them.
 */
export class FaithfulHost {
  readonly store = new MemoryStore();
  /** What the health service says; undefined: there is none. */
  health: number | undefined = ServingStatus.SERVING;
  /** Largest message that is read, in bytes. */
  readMaxBytes = 4 * 1024 * 1024;

  /** A new connection. */
  meet(_session: ServerHttp2Session): void {}

  /** @throws ConnectError for a caller that may not call */
  checkKey(headers: Headers): void {
    if (readBearer(headers.get("authorization")) !== HOST_KEY) {
      throw new ConnectError("who are you?", Code.Unauthenticated);
    }
  }

  /** @throws ConnectError for a version that is not served */
  checkVersion(headers: Headers): void {
    const problem = checkApiVersion(headers.get(API_VERSION_HEADER));
    if (problem !== undefined) throw new ConnectError(problem, Code.FailedPrecondition);
  }

  /** Why a record can never be stored; undefined if it can. */
  problemOf({ case: kind, value }: RecordBody, _way: Way): string | undefined {
    if (!isUuid(value.id)) return "id is no UUID";
    if (kind !== "interception" && !isUuid(value.interceptionId)) return "interception_id is no UUID";
    if (timeOf({ case: kind, value } as RecordBody) === undefined) return "the time is missing";
    return undefined;
  }

  /** Keeps a record; a record that is kept already is none too many. */
  keep(record: RecordBody, _way: Way): void {
    this.store.add(record);
  }

  /** A unary call. */
  async call(record: RecordBody | undefined, _context: HandlerContext): Promise<void> {
    const problem = record === undefined ? "there is no record" : this.problemOf(record, "call");
    if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
    this.keep(record as RecordBody, "call");
  }

  /** A stream. */
  async *stream(
    requests: AsyncIterable<StreamRecordsRequest>,
    _context: HandlerContext,
  ): AsyncGenerator<StreamRecordsResponse> {
    const state: StreamState = { last: 0n };
    for await (const request of requests) {
      const response = await this.takeBatch(request, state);
      if (response !== undefined) yield response;
    }
  }

  /** Stores a batch. Returns its answer, undefined for none. */
  async takeBatch(
    { records }: StreamRecordsRequest,
    state: StreamState,
  ): Promise<StreamRecordsResponse | undefined> {
    const rejected: RejectedRecord[] = [];
    for (const record of records) {
      this.checkSequence(record.sequence, state);
      const rejection = this.takeRecord(record);
      if (rejection !== undefined) rejected.push(rejection);
    }
    return this.acknowledge(state.last, rejected, records.length);
  }

  /** Stores a record of a stream. Returns its rejection if it cannot be stored. */
  takeRecord({ sequence, record }: RecordInStream): RejectedRecord | undefined {
    if (record.case === undefined) return rejection(sequence, "", Code.Unimplemented, "unknown kind");
    const problem = this.problemOf(record, "stream");
    if (problem !== undefined) return rejection(sequence, record.value.id, Code.InvalidArgument, problem);
    this.keep(record, "stream");
    return undefined;
  }

  /** @throws ConnectError for a sequence that does not follow */
  checkSequence(sequence: bigint, state: StreamState): void {
    if (sequence !== state.last + 1n) throw new ConnectError("out of sequence", Code.InvalidArgument);
    state.last = sequence;
  }

  /** The answer to a batch. */
  acknowledge(last: bigint, rejected: RejectedRecord[], _records: number): StreamRecordsResponse | undefined {
    return create(StreamRecordsResponseSchema, { acknowledgedSequence: last, rejected });
  }

  /** Finds a message again, which is optional. @throws ConnectError */
  find(_query: FindLastMessageRequest): FoundMessage {
    throw new ConnectError("messages are not found again here", Code.Unimplemented);
  }

  /** What a UsageService over the same store answers. */
  read(id: string): GetInterceptionResponse | undefined {
    return this.store.read(id);
  }
}

/** A rejection of a record. */
export function rejection(sequence: bigint, recordId: string, code: Code, message: string): RejectedRecord {
  return create(RejectedRecordSchema, { sequence, recordId, code, message });
}

function timeOf({ case: kind, value }: RecordBody) {
  if (kind === "interception") return value.startedAt;
  return kind === "interceptionEnded" ? value.endedAt : value.createdAt;
}
