import { once } from "node:events";
import type { Duplex } from "node:stream";
import { RecorderService, type StreamRecordsRequest, StreamRecordsResponseSchema } from "@aibridge/proto";
import { API_VERSION_HEADER, AUTHORIZATION_HEADER } from "@aibridge/proto/channel";
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import type { RecorderServiceOptions } from "./options.ts";
import type { HostRecorder } from "./recorder-functions.ts";
import { type RecorderCall, type RecorderMethods, recorderMethods } from "./recorder-methods.ts";

/** The part of a Server of `@grpc/grpc-js` that is needed. */
export interface GrpcServer {
  addService(
    definition: Readonly<Record<string, GrpcMethodDefinition>>,
    implementation: Record<string, (...args: never[]) => void>,
  ): void;
}

/** A method as `@grpc/grpc-js` describes it. */
export interface GrpcMethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: Message) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Message;
  readonly responseSerialize: (message: Message) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Message;
}

/**
 * Adds RecorderService to a Server of `@grpc/grpc-js` that a host has already. Health and reflection are the host's.
 * @throws RangeError for a gateway key that is too short
 */
export function addRecorderService(
  server: GrpcServer,
  recorder: HostRecorder,
  options: RecorderServiceOptions,
): void {
  const methods = recorderMethods(recorder, options);
  const handlerOf = (method: DescMethod) =>
    method.methodKind === "unary" ? unaryHandler(method, methods) : streamHandler(methods);
  server.addService(
    Object.fromEntries(RecorderService.methods.map((method) => [method.localName, definitionOf(method)])),
    Object.fromEntries(RecorderService.methods.map((method) => [method.localName, handlerOf(method)])),
  );
}

function definitionOf(method: DescMethod): GrpcMethodDefinition {
  const serialize = (schema: DescMessage) => (message: Message) => Buffer.from(toBinary(schema, message));
  const deserialize = (schema: DescMessage) => (bytes: Buffer) => fromBinary(schema, bytes);
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind !== "unary",
    responseStream: method.methodKind !== "unary",
    requestSerialize: serialize(method.input),
    requestDeserialize: deserialize(method.input),
    responseSerialize: serialize(method.output),
    responseDeserialize: deserialize(method.output),
  };
}

/** The part of a server call of `@grpc/grpc-js` that is needed. */
interface IncomingCall {
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
  on(event: "cancelled", listener: () => void): unknown;
}

interface Status {
  readonly code: Code;
  readonly details: string;
}

type UnaryMethod = (request: Message, call: RecorderCall) => Promise<Record<string, unknown>>;

function unaryHandler(method: DescMethod, { admit, implementation }: RecorderMethods) {
  const invoke = (implementation as unknown as Record<string, UnaryMethod>)[method.localName] as UnaryMethod;
  const answer = async (call: IncomingCall & { readonly request: Message }) => {
    const context = contextOf(call);
    await admit(context);
    return create(method.output, await invoke(call.request, context));
  };
  return (
    call: IncomingCall & { readonly request: Message },
    callback: (error: Status | null, response?: Message) => void,
  ): void => {
    answer(call).then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error)),
    );
  };
}

function streamHandler({ admit, implementation }: RecorderMethods) {
  return (call: IncomingCall & Duplex): void => {
    answerStream(call, async function* (context) {
      await admit(context);
      // The iterator must not destroy the call: the answers, and the status, still have to go out.
      const requests = call.iterator({
        destroyOnReturn: false,
      }) as AsyncIterableIterator<StreamRecordsRequest>;
      yield* implementation.streamRecords(requests, context);
    }).catch((error: unknown) => {
      // A call that was cancelled is destroyed, and nobody waits for its status.
      if (!call.destroyed) call.emit("error", statusOf(error));
    });
  };
}

async function answerStream(
  call: IncomingCall & Duplex,
  responses: (context: RecorderCall) => AsyncIterable<object>,
): Promise<void> {
  const context = contextOf(call);
  for await (const response of responses(context)) {
    if (!call.write(create(StreamRecordsResponseSchema, response))) {
      await once(call, "drain", { signal: context.signal });
    }
  }
  call.end();
}

function contextOf(call: IncomingCall): RecorderCall {
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  return {
    requestHeader: new Headers(
      [AUTHORIZATION_HEADER, API_VERSION_HEADER].flatMap((name) =>
        call.metadata.get(name).map((value): [string, string] => [name, String(value)]),
      ),
    ),
    signal: cancelled.signal,
    values: createContextValues(),
  };
}

function statusOf(error: unknown): Status {
  return error instanceof ConnectError
    ? { code: error.code, details: error.rawMessage }
    : { code: Code.Internal, details: "internal error" };
}
