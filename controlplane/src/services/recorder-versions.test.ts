import {
  type Interception,
  InterceptionSchema,
  RecorderService,
  StreamRecordsRequestSchema,
  UsageService,
} from "@aibridge/proto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { describe, expect, onTestFinished, test } from "vitest";
import { codeOf, collect, errorOf, sendAll } from "../test-support/record-batches.ts";
import { sampleInterception } from "../test-support/sample-records.ts";
import { type TestControlPlane, useControlPlane } from "../test-support/use-control-plane.ts";

/** A field that no message has, and a kind of record that does not exist yet. */
const UNKNOWN_FIELD = 1000;
const UNKNOWN_KIND = 15;

/** A recorder client that names a version of its own; undefined: none. */
function recorderOf({ url, gatewayKey }: TestControlPlane, version: string | undefined) {
  const sessionManager = new Http2SessionManager(url);
  onTestFinished(() => sessionManager.abort());
  const transport = createGrpcTransport({
    baseUrl: url,
    sessionManager,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${gatewayKey}`);
        if (version !== undefined) request.header.set("x-aibridge-api-version", version);
        return next(request);
      },
    ],
  });
  return createClient(RecorderService, transport);
}

type Recorder = ReturnType<typeof recorderOf>;

/** Every method of the service, called with nothing. */
const CALLS: Record<keyof Recorder, (recorder: Recorder) => Promise<unknown>> = {
  recordInterception: (recorder) => recorder.recordInterception({}),
  recordInterceptionEnded: (recorder) => recorder.recordInterceptionEnded({}),
  recordTokenUsage: (recorder) => recorder.recordTokenUsage({}),
  recordPromptUsage: (recorder) => recorder.recordPromptUsage({}),
  recordToolUsage: (recorder) => recorder.recordToolUsage({}),
  recordModelThought: (recorder) => recorder.recordModelThought({}),
  findLastMessage: (recorder) => recorder.findLastMessage({}),
  streamRecords: (recorder) => collect(recorder.streamRecords(sendAll(create(StreamRecordsRequestSchema)))),
};

describe.each(Object.entries(CALLS))("%s", (method, call) => {
  test.each(["1.1", "2.0", "0.9", "newest"])("refuses version %s and names its own", async (version) => {
    const error = await errorOf(call(recorderOf(await useControlPlane(), version)));
    expect(error?.code).toBe(Code.FailedPrecondition);
    expect(error?.rawMessage).toContain("1.0");
    if (version !== "newest") expect(error?.rawMessage).toContain(version);
  });

  test.each(["1.0", undefined])("serves version %s", async (version) => {
    const code = await codeOf(call(recorderOf(await useControlPlane(), version)));
    expect(code).toBe(method === "streamRecords" ? undefined : Code.InvalidArgument);
  });
});

/** A record with its sequence; `kind` is the number of its field. */
function recordBytes(sequence: number, kind: number, message: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint64(sequence)
    .tag(kind, WireType.LengthDelimited)
    .bytes(message)
    .tag(UNKNOWN_FIELD, WireType.LengthDelimited)
    .string("of a later version")
    .finish();
}

/** A start as a later version sends it: with a field that this one does not know. */
function laterStart(interception: Interception): Uint8Array {
  const later = new BinaryWriter().tag(UNKNOWN_FIELD, WireType.Varint).int32(7).finish();
  return Buffer.concat([toBinary(InterceptionSchema, interception), later]);
}

test("unknown fields are ignored, and an unknown kind is rejected in its place, whatever stands around it", async () => {
  const controlPlane = await useControlPlane();
  const [first, last] = [sampleInterception(), sampleInterception()];
  const writer = new BinaryWriter();
  for (const record of [
    recordBytes(1, 2, laterStart(first)),
    recordBytes(2, UNKNOWN_KIND, laterStart(sampleInterception())),
    recordBytes(3, 2, laterStart(last)),
  ]) {
    writer.tag(1, WireType.LengthDelimited).bytes(record);
  }
  writer.tag(UNKNOWN_FIELD, WireType.Varint).int32(1);
  const batch = fromBinary(StreamRecordsRequestSchema, writer.finish());

  const answers = await collect(controlPlane.gateway(RecorderService).streamRecords(sendAll(batch)));

  expect(answers).toMatchObject([
    { acknowledgedSequence: 3n, rejected: [{ sequence: 2n, code: Code.Unimplemented }] },
  ]);
  const { interceptions } = await controlPlane.admin(UsageService).listInterceptions({});
  expect(interceptions.map(({ interception }) => interception?.id).toSorted()).toEqual([first.id, last.id]);
});
