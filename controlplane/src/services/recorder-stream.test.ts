import { DatabaseSync } from "node:sqlite";
import {
  AdminService,
  ConfigService,
  RecorderService,
  StreamRecordsRequestSchema,
  UsageService,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { create, fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnyRecord, Batches, codeOf, collect, sendAll } from "../test-support/record-batches.ts";
import {
  sampleEnd,
  sampleInterception,
  samplePrompt,
  sampleTokenUsage,
  sampleToolUsage,
} from "../test-support/sample-records.ts";
import { useControlPlane } from "../test-support/use-control-plane.ts";

test("a record of an unknown kind is rejected UNIMPLEMENTED", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  // Field 15 of Record, length-delimited and empty, beside its sequence: a kind of a later minor version.
  const record = [0x08, 0x01, 0x7a, 0x00];
  const batch = fromBinary(StreamRecordsRequestSchema, new Uint8Array([0x0a, record.length, ...record]));

  const answers = await collect(recorder.streamRecords(sendAll(batch)));

  expect(answers).toMatchObject([
    { acknowledgedSequence: 1n, rejected: [{ sequence: 1n, code: Code.Unimplemented }] },
  ]);
});

test("a batch without records is answered with what is acknowledged so far", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  const empty = create(StreamRecordsRequestSchema);
  const answered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  async function* requests() {
    yield empty;
    await answered[0]?.promise;
    yield new Batches().next([{ case: "interception", value: sampleInterception() }]);
    await answered[1]?.promise;
    yield empty;
  }

  const answers: bigint[] = [];
  for await (const { acknowledgedSequence } of recorder.streamRecords(requests())) {
    answered[answers.length]?.resolve();
    answers.push(acknowledgedSequence);
  }

  expect(answers).toEqual([0n, 1n, 1n]);
});

test("a stream acknowledges in order while it is open, and its records are there by then", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const usage = controlPlane.admin(UsageService);
  const batches = new Batches();
  const interceptions = [sampleInterception(), sampleInterception(), sampleInterception()];
  const acknowledged = interceptions.map(() => Promise.withResolvers<void>());

  async function* requests() {
    for (const [index, value] of interceptions.entries()) {
      yield batches.next([{ case: "interception", value }]);
      await acknowledged[index]?.promise;
    }
  }
  let index = 0;
  for await (const { acknowledgedSequence } of recorder.streamRecords(requests())) {
    expect(acknowledgedSequence).toBe(BigInt(index + 1));
    const id = interceptions[index]?.id ?? "";
    expect((await usage.getInterception({ id })).interception?.id).toBe(id);
    acknowledged[index]?.resolve();
    index += 1;
  }
  expect(index).toBe(3);
});

test("a gap in the sequence ends the stream", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  const record: AnyRecord = { case: "interception", value: sampleInterception() };
  const batch = create(StreamRecordsRequestSchema, { records: [{ sequence: 2n, record }] });
  expect(await codeOf(collect(recorder.streamRecords(sendAll(batch))))).toBe(Code.InvalidArgument);
});

test("any batches with any repetitions leave each record stored once", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const usage = controlPlane.admin(UsageService);
  const batchesOfIndexes = fc.array(fc.array(fc.nat(7), { maxLength: 12 }), { minLength: 1, maxLength: 6 });

  await fc.assert(
    fc.asyncProperty(batchesOfIndexes, async (plan) => {
      const interception = sampleInterception();
      const pool: AnyRecord[] = [
        { case: "interception", value: interception },
        { case: "interceptionEnded", value: sampleEnd(interception.id) },
        ...[0, 1].flatMap((): AnyRecord[] => [
          { case: "tokenUsage", value: sampleTokenUsage(interception.id) },
          { case: "promptUsage", value: samplePrompt(interception.id) },
          { case: "toolUsage", value: sampleToolUsage(interception.id) },
        ]),
      ];
      const numbered = new Batches();
      const batches = [[0], ...plan].map((indexes) =>
        numbered.next(indexes.flatMap((index) => pool[index] ?? [])),
      );

      const answers = await collect(recorder.streamRecords(sendAll(...batches)));

      const sent = new Set([0, ...plan.flat()]);
      const stored = await usage.getInterception({ id: interception.id });
      const ids = [
        stored.interception?.id,
        stored.ended?.id,
        ...stored.tokenUsages.map(({ id }) => id),
        ...stored.promptUsages.map(({ id }) => id),
        ...stored.toolUsages.map(({ id }) => id),
      ].filter((id) => id !== undefined);
      expect(ids.toSorted()).toEqual([...sent].map((index) => pool[index]?.value?.id).toSorted());
      expect(answers.at(-1)?.acknowledgedSequence).toBe(BigInt(1 + plan.flat().length));
    }),
    { numRuns: 25 },
  );
});

test("while the database cannot be written nothing is acknowledged; afterwards everything goes on", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const value = sampleInterception();
  const stream = () => recorder.streamRecords(sendAll(new Batches().next([{ case: "interception", value }])));
  const blocker = new DatabaseSync(`${controlPlane.folder}/aibridge.db`);
  blocker.exec("begin immediate");

  expect(await codeOf(recorder.recordInterception({ interception: value }))).toBe(Code.Unavailable);
  expect(await codeOf(collect(stream()))).toBe(Code.Unavailable);
  blocker.exec("rollback");
  blocker.close();

  expect(await collect(stream())).toMatchObject([{ acknowledgedSequence: 1n, rejected: [] }]);
});

test("revoking a gateway key ends its streams and refuses new calls", async () => {
  const controlPlane = await useControlPlane();
  const admin = controlPlane.admin(AdminService);
  const { secret, gatewayKey } = await admin.createGatewayKey({ name: "eu-1" });
  const watch = controlPlane.gateway(ConfigService, secret).watchConfig({})[Symbol.asyncIterator]();
  await watch.next();
  const held = Promise.withResolvers<void>();
  async function* requests() {
    yield new Batches().next([{ case: "interception", value: sampleInterception() }]);
    await held.promise;
  }
  const recorder = controlPlane.gateway(RecorderService, secret);
  const stream = recorder.streamRecords(requests())[Symbol.asyncIterator]();
  await stream.next();

  await admin.revokeGatewayKey({ id: gatewayKey?.id ?? "" });

  expect(await codeOf(watch.next())).toBe(Code.Unauthenticated);
  expect(await codeOf(stream.next())).toBe(Code.Unauthenticated);
  expect(await codeOf(recorder.recordInterception({}))).toBe(Code.Unauthenticated);
  held.resolve();
});

test("closing ends an open stream after acknowledging what was sent on it", async () => {
  const controlPlane = await useControlPlane();
  const held = Promise.withResolvers<void>();
  const value = sampleTokenUsage(uuidv7());
  async function* requests() {
    yield new Batches().next([{ case: "tokenUsage", value }]);
    await held.promise;
  }
  const stream = controlPlane.gateway(RecorderService).streamRecords(requests())[Symbol.asyncIterator]();
  expect((await stream.next()).value).toMatchObject({ acknowledgedSequence: 1n });

  const closed = controlPlane.close();

  expect(await codeOf(stream.next())).toBe(Code.Unavailable);
  held.resolve();
  await closed;
});
