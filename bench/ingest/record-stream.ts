import { once } from "node:events";
import { type ClientHttp2Stream, connect } from "node:http2";
import { StreamRecordsResponseSchema } from "@aibridge/proto";
import { fromBinary } from "@bufbuild/protobuf";

/** Batches that are under way at once, as a data plane with a backlog has them. */
const WINDOW = 16;
/** One byte of flags and four of length before each message of gRPC. */
const PREFIX = 5;
const HEADERS = {
  ":method": "POST",
  ":path": "/aibridge.v1.RecorderService/StreamRecords",
  "content-type": "application/grpc+proto",
  te: "trailers",
};

/** A batch as gRPC sends it. */
export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX);
  return frame;
}

/**
 * Sends batches over one stream of a new connection, a bounded number ahead of their acknowledgements. It is gRPC over
 * bare HTTP/2: what the sender costs should not decide how fast the recorder looks.
 * @returns milliseconds from the first byte sent to the last acknowledgement
 * @throws Error when the stream ends early or a record is rejected
 */
export async function sendFrames(
  url: string,
  key: string,
  frames: readonly Buffer[],
  records: number,
): Promise<number> {
  const session = connect(url);
  try {
    await once(session, "connect");
    const stream = session.request({ ...HEADERS, authorization: `Bearer ${key}` });
    const began = performance.now();
    await sendAll(stream, frames, records);
    return performance.now() - began;
  } finally {
    session.destroy();
  }
}

function sendAll(stream: ClientHttp2Stream, frames: readonly Buffer[], records: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const perBatch = Math.ceil(records / frames.length);
  let sent = 0;
  const send = (acknowledged: number) => {
    const limit = Math.min(frames.length, Math.floor(acknowledged / perBatch) + WINDOW);
    for (; sent < limit; sent++) stream.write(frames[sent]);
  };
  const read = new FrameReader((message) => {
    const { acknowledgedSequence, rejected } = fromBinary(StreamRecordsResponseSchema, message);
    if (rejected.length > 0) reject(new Error(`a record was rejected: ${rejected[0]?.message}`));
    send(Number(acknowledgedSequence));
    if (Number(acknowledgedSequence) === records) resolve();
  });
  stream.on("data", (chunk: Buffer) => read.push(chunk));
  stream.on("error", reject);
  stream.on("trailers", (trailers) => reject(new Error(`the stream ended: ${trailers["grpc-message"]}`)));
  stream.on("close", () => reject(new Error("the stream was closed")));
  send(0);
  return promise;
}

/** Puts the messages of a stream together again. */
class FrameReader {
  readonly #onMessage: (message: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onMessage: (message: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest, chunk]);
    while (rest.length >= PREFIX && rest.length >= PREFIX + rest.readUInt32BE(1)) {
      const end = PREFIX + rest.readUInt32BE(1);
      this.#onMessage(rest.subarray(PREFIX, end));
      rest = rest.subarray(end);
    }
    this.#rest = rest;
  }
}
