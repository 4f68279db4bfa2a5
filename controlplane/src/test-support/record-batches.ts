import { type StreamRecordsRequest, StreamRecordsRequestSchema } from "@aibridge/proto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

type Batch = MessageInitShape<typeof StreamRecordsRequestSchema>;
/** A record of any kind, as the oneof of a stream holds it. */
export type AnyRecord = NonNullable<NonNullable<NonNullable<Batch["records"]>[number]>["record"]>;

/** Numbers the records of one stream. */
export class Batches {
  #sequence = 0n;

  next(records: readonly AnyRecord[]): StreamRecordsRequest {
    return create(StreamRecordsRequestSchema, {
      records: records.map((record) => {
        this.#sequence += 1n;
        return { sequence: this.#sequence, record };
      }),
    });
  }
}

/** An iterable of the values given. */
export async function* sendAll<T>(...values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** Everything an iterable yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of source) {
    values.push(value);
  }
  return values;
}

/** The status a call fails with; undefined if it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  return (await errorOf(call))?.code;
}

/** The error a call fails with; undefined if it succeeds. */
export function errorOf(call: Promise<unknown>): Promise<ConnectError | undefined> {
  return call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason, Code.Unknown),
  );
}
