import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { BinaryReader } from "@bufbuild/protobuf/wire";

export type AttributeValue = string | number | boolean | readonly string[];

/** A span as it came over the wire. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for the first span of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client (opentelemetry.proto.trace.v1.Span.SpanKind). */
  readonly kind: number;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly statusMessage: string;
  readonly events: number;
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

/** A collector that takes traces by OTLP over HTTP, as protobuf. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Where batches are taken: "http://127.0.0.1:12345/v1/traces". */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Headers of every batch. */
  readonly batches: readonly IncomingMessage["headers"][];
  /** Every byte that came, as text. */
  readonly bytes: string;
  /** Open ones. */
  readonly connections: number;
  /** Answers batches with this from now on; undefined: takes them again. */
  intercept(answer: ((response: ServerResponse) => void) | undefined): void;
}

/** @param tls certificate, key and authority (PEM) of one that demands a certificate of its clients */
export async function startOtlpReceiver(tls?: ServerOptions): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const batches: IncomingMessage["headers"][] = [];
  const bodies: Buffer[] = [];
  let interceptor: ((response: ServerResponse) => void) | undefined;
  const take = (request: IncomingMessage, response: ServerResponse) => {
    void readBody(request).then((body) => {
      batches.push(request.headers);
      if (interceptor !== undefined) return interceptor(response);
      bodies.push(body);
      spans.push(...readTraces(body));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  };
  const server = tls ? createTlsServer({ ...tls, requestCert: true }, take) : createServer(take);
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.once("close", () => connections--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    batches,
    get bytes() {
      return Buffer.concat(bodies).toString("latin1");
    },
    get connections() {
      return connections;
    },
    intercept: (answer) => {
      interceptor = answer;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

/** A message as its fields by number, each with all its values. */
type Fields = ReadonlyMap<number, readonly unknown[]>;

/**
 * Reads any protobuf message by its wire types alone: varints and 64-bit numbers as bigint, 32-bit ones as number,
 * everything with a length as bytes.
 */
function readFields(bytes: Uint8Array): Fields {
  const fields = new Map<number, unknown[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (wireType === 0) values.push(BigInt(reader.uint64()));
    else if (wireType === 1) values.push(BigInt(reader.fixed64()));
    else if (wireType === 2) values.push(reader.bytes());
    else if (wireType === 5) values.push(reader.fixed32());
    else throw new Error(`wire type ${wireType} is not expected`);
  }
  return fields;
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => readFields(bytes as Uint8Array));
}

function one<Value>(fields: Fields, number: number, otherwise: Value): Value {
  return (fields.get(number)?.at(-1) as Value | undefined) ?? otherwise;
}

const empty = new Uint8Array();
const text = (fields: Fields, number: number) => Buffer.from(one(fields, number, empty)).toString();
const hex = (fields: Fields, number: number) => Buffer.from(one(fields, number, empty)).toString("hex");

/** opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. */
function readTraces(body: Uint8Array): ReceivedSpan[] {
  return messages(readFields(body), 1).flatMap((resourceSpans) => {
    const resource = attributes(messages(resourceSpans, 1)[0] ?? new Map(), 1);
    return messages(resourceSpans, 2).flatMap((scope) =>
      messages(scope, 2).map((span) => readSpan(span, resource)),
    );
  });
}

function readSpan(span: Fields, resource: ReceivedSpan["resource"]): ReceivedSpan {
  const status = messages(span, 15)[0] ?? new Map();
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    name: text(span, 5),
    kind: Number(one(span, 6, 0n)),
    startNanos: one(span, 7, 0n),
    endNanos: one(span, 8, 0n),
    attributes: attributes(span, 9),
    events: messages(span, 11).length,
    status: Number(one(status, 3, 0n)),
    statusMessage: text(status, 2),
    resource,
  };
}

/** KeyValue messages. */
function attributes(fields: Fields, number: number): Record<string, AttributeValue> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0] ?? new Map())]),
  );
}

function anyValue(value: Fields): AttributeValue {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return one<bigint>(value, 2, 0n) !== 0n;
  if (value.has(3)) return Number(one(value, 3, 0n));
  if (value.has(5)) return messages(messages(value, 5)[0] ?? new Map(), 1).map((item) => text(item, 1));
  throw new Error(`an attribute has a value that is not expected: fields ${[...value.keys()]}`);
}
