/**
 * A recorder that acknowledges each batch as it comes and keeps nothing: what a data plane can deliver when the other
 * side costs next to nothing. `node serve.ts PORT` serves StreamRecords over gRPC on loopback and tells its parent when
 * it listens.
 */
import { createServer, type ServerHttp2Stream } from "node:http2";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const path = "/aibridge.v1.RecorderService/StreamRecords";
/** What stands before each message of gRPC: one byte for compression, four for the length. */
const prefixBytes = 5;
const unimplemented = 12;

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream, headers) => {
  stream.on("error", () => undefined);
  if (headers[":path"] === path) serve(stream);
  else refuse(stream);
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => process.send?.("listening"));

function serve(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  let rest: Buffer = Buffer.alloc(0);
  let acknowledged = 0;
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let length = messageBytes(rest); length !== undefined; length = messageBytes(rest)) {
      acknowledged = lastSequence(rest.subarray(prefixBytes, length)) ?? acknowledged;
      rest = rest.subarray(length);
      stream.write(acknowledgement(acknowledged));
    }
  });
  stream.on("end", () => stream.end());
}

/** Bytes of the message at the beginning, with its prefix; undefined if it is not there whole. */
function messageBytes(bytes: Buffer): number | undefined {
  if (bytes.length < prefixBytes) return undefined;
  const length = prefixBytes + bytes.readUInt32BE(1);
  return bytes.length < length ? undefined : length;
}

/** The sequence of the last record of a StreamRecordsRequest; the records themselves are not looked at. */
function lastSequence(request: Uint8Array): number | undefined {
  const records = new BinaryReader(request);
  let last: Uint8Array | undefined;
  while (records.pos < records.len) {
    const [field, wireType] = records.tag();
    if (field === 1) last = records.bytes();
    else records.skip(wireType, field);
  }
  if (last === undefined) return undefined;
  const record = new BinaryReader(last);
  while (record.pos < record.len) {
    const [field, wireType] = record.tag();
    if (field === 1) return Number(record.uint64());
    record.skip(wireType, field);
  }
  throw new Error("a record without a sequence");
}

/** A StreamRecordsResponse as a message of gRPC. */
function acknowledgement(sequence: number): Buffer {
  const message = new BinaryWriter().tag(1, WireType.Varint).uint64(sequence).finish();
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}

function refuse(stream: ServerHttp2Stream): void {
  stream.respond({
    ":status": 200,
    "content-type": "application/grpc",
    "grpc-status": String(unimplemented),
  });
  stream.end();
}
