import {
  AdminService,
  InterceptionOutcome,
  InterceptionSchema,
  RecorderService,
  ThoughtSource,
  UsageService,
  UsageSource,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type AnyRecord, Batches, codeOf, collect, sendAll } from "../test-support/record-batches.ts";
import {
  sampleEnd,
  sampleInterception,
  samplePrompt,
  sampleThought,
  sampleTokenUsage,
  sampleToolUsage,
} from "../test-support/sample-records.ts";
import { useControlPlane } from "../test-support/use-control-plane.ts";

test("each unary method stores its record, and what is read back is what was sent", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  const ended = sampleEnd(interception.id, { errorType: "overloaded_error", errorMessage: "a\u0000b ∑ 🚀" });
  const tokenUsage = sampleTokenUsage(interception.id, {
    inputTokens: 9_223_372_036_854_775_807n,
    extraTokenTypes: { "a.b": 9_007_199_254_740_993n, __proto__x: 1n },
    metadata: { iteration: 1 },
  });
  const promptUsage = samplePrompt(interception.id, { prompt: "a\u0000b ∑ 🚀 'quoted'" });
  const toolUsage = sampleToolUsage(interception.id);
  const modelThought = sampleThought(interception.id);

  await recorder.recordInterception({ interception });
  await recorder.recordInterceptionEnded({ interceptionEnded: ended });
  await recorder.recordTokenUsage({ tokenUsage });
  await recorder.recordPromptUsage({ promptUsage });
  await recorder.recordToolUsage({ toolUsage });
  await recorder.recordModelThought({ modelThought });

  const stored = await controlPlane.admin(UsageService).getInterception({ id: interception.id });
  expect(stored).toMatchObject({
    interception,
    ended,
    tokenUsages: [tokenUsage],
    promptUsages: [promptUsage],
    toolUsages: [toolUsage],
    modelThoughts: [modelThought],
  });
});

test("members that are absent stay absent", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  delete interception.clientSessionId;
  delete interception.correlatingToolCallId;
  delete interception.metadata;
  const toolUsage = sampleToolUsage(interception.id, { injected: false });
  delete toolUsage.serverUrl;
  delete toolUsage.invocationError;
  delete toolUsage.duration;

  await recorder.recordInterception({ interception });
  await recorder.recordToolUsage({ toolUsage });

  const stored = await controlPlane.admin(UsageService).getInterception({ id: interception.id });
  expect(stored.interception).toStrictEqual(interception);
  expect(stored.toolUsages).toStrictEqual([toolUsage]);
  expect(stored.ended).toBeUndefined();
});

test("records that arrive before their interception are kept", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  await recorder.recordTokenUsage({ tokenUsage: sampleTokenUsage(interception.id) });
  await recorder.recordInterceptionEnded({ interceptionEnded: sampleEnd(interception.id) });
  const usage = controlPlane.admin(UsageService);
  expect(await codeOf(usage.getInterception({ id: interception.id }))).toBe(Code.NotFound);

  await recorder.recordInterception({ interception });

  const stored = await usage.getInterception({ id: interception.id });
  expect(stored.tokenUsages).toHaveLength(1);
  expect(stored.ended?.outcome).toBe(InterceptionOutcome.COMPLETED);
});

const provisional = { provisional: true, outcome: InterceptionOutcome.FAILED, errorType: "orphaned" };

test.each([
  { order: "provisional first", ends: [provisional, {}] },
  { order: "real first", ends: [{}, provisional] },
])("a real end stays, $order", async ({ ends }) => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  await recorder.recordInterception({ interception });
  for (const changes of ends) {
    await recorder.recordInterceptionEnded({ interceptionEnded: sampleEnd(interception.id, changes) });
  }

  const stored = await controlPlane.admin(UsageService).getInterception({ id: interception.id });
  expect(stored.ended).toMatchObject({ provisional: false, errorType: "", upstreamTurns: 1 });
});

const ID = uuidv7();

test.each<[string, AnyRecord, RegExp]>([
  ["a wrong id", { case: "interception", value: sampleInterception({ id: "1" }) }, /^id must be/],
  [
    "an upper-case id",
    { case: "interception", value: sampleInterception({ id: ID.toUpperCase() }) },
    /^id must/,
  ],
  ["no initiator", { case: "interception", value: sampleInterception({ initiatorId: "" }) }, /^initiator_id/],
  [
    "no time",
    { case: "interception", value: { ...sampleInterception(), startedAt: undefined } },
    /^started_at/,
  ],
  [
    "a time before 1970",
    { case: "interception", value: sampleInterception({ startedAt: { seconds: -1n, nanos: 0 } }) },
    /^started_at/,
  ],
  [
    "a time after 9999",
    { case: "promptUsage", value: samplePrompt(ID, { createdAt: { seconds: 253_402_300_800n, nanos: 0 } }) },
    /^created_at/,
  ],
  ["no interception", { case: "tokenUsage", value: sampleTokenUsage("") }, /^interception_id/],
  [
    "no outcome",
    { case: "interceptionEnded", value: sampleEnd(ID, { outcome: InterceptionOutcome.UNSPECIFIED }) },
    /^outcome is missing/,
  ],
  [
    "an unknown outcome",
    { case: "interceptionEnded", value: sampleEnd(ID, { outcome: 99 as InterceptionOutcome }) },
    /^outcome has the unknown value 99/,
  ],
  [
    "no usage source",
    { case: "tokenUsage", value: sampleTokenUsage(ID, { source: UsageSource.UNSPECIFIED }) },
    /^source/,
  ],
  [
    "negative tokens",
    { case: "tokenUsage", value: sampleTokenUsage(ID, { inputTokens: -1n }) },
    /^input_tokens/,
  ],
  [
    "no thought source",
    { case: "modelThought", value: sampleThought(ID, { source: ThoughtSource.UNSPECIFIED }) },
    /^source/,
  ],
  [
    "a negative duration",
    { case: "toolUsage", value: sampleToolUsage(ID, { duration: { seconds: -1n, nanos: 0 } }) },
    /^duration/,
  ],
])("%s is rejected for good and does not block what follows", async (_what, record, message) => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const good = sampleInterception();
  const batch = new Batches().next([record, { case: "interception", value: good }]);

  const answers = await collect(recorder.streamRecords(sendAll(batch)));

  expect(answers).toMatchObject([
    {
      acknowledgedSequence: 2n,
      rejected: [{ sequence: 1n, code: Code.InvalidArgument, message: expect.stringMatching(message) }],
    },
  ]);
  const stored = await controlPlane.admin(UsageService).getInterception({ id: good.id });
  expect(stored.interception?.id).toBe(good.id);
});

test("a unary request without a record, and one with a wrong record, are INVALID_ARGUMENT", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  expect(await codeOf(recorder.recordInterception({}))).toBe(Code.InvalidArgument);
  const interception = sampleInterception({ id: "not-a-uuid" });
  expect(await codeOf(recorder.recordInterception({ interception }))).toBe(Code.InvalidArgument);
});

test("a record of 2 MiB is stored, a larger one is OUT_OF_RANGE", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception();
  await recorder.recordInterception({ interception });
  const fits = samplePrompt(interception.id, { prompt: "x".repeat(2 * 1024 * 1024 - 200) });
  const tooLarge = samplePrompt(interception.id, { prompt: "é".repeat(1024 * 1024) });

  await recorder.recordPromptUsage({ promptUsage: fits });
  expect(await codeOf(recorder.recordPromptUsage({ promptUsage: tooLarge }))).toBe(Code.OutOfRange);
  const batch = new Batches().next([{ case: "promptUsage", value: tooLarge }]);
  const [answer] = await collect(recorder.streamRecords(sendAll(batch)));

  expect(answer?.rejected).toMatchObject([{ recordId: tooLarge.id, code: Code.OutOfRange }]);
  const { promptUsages } = await controlPlane.admin(UsageService).getInterception({ id: interception.id });
  expect(promptUsages.map(({ id }) => id)).toEqual([fits.id]);
});

test("unknown fields do not hurt", async () => {
  const controlPlane = await useControlPlane();
  const plain = toBinary(InterceptionSchema, sampleInterception());
  // Field 1000, a varint.
  const interception = fromBinary(InterceptionSchema, new Uint8Array([...plain, 0xc0, 0x3e, 0x07]));
  await controlPlane.gateway(RecorderService).recordInterception({ interception });
  const stored = await controlPlane.admin(UsageService).getInterception({ id: interception.id });
  expect(stored.interception?.id).toBe(interception.id);
});

test("gateway_id is the name of a created key; the shared bootstrap key leaves the claim", async () => {
  const controlPlane = await useControlPlane();
  const { secret } = await controlPlane.admin(AdminService).createGatewayKey({ name: "real-name" });
  const byCreated = sampleInterception({ gatewayId: "claimed" });
  const byBootstrap = sampleInterception({ gatewayId: "claimed" });
  await controlPlane.gateway(RecorderService, secret).recordInterception({ interception: byCreated });
  await controlPlane.gateway(RecorderService).recordInterception({ interception: byBootstrap });

  const usage = controlPlane.admin(UsageService);
  expect((await usage.getInterception({ id: byCreated.id })).interception?.gatewayId).toBe("real-name");
  expect((await usage.getInterception({ id: byBootstrap.id })).interception?.gatewayId).toBe("claimed");
});

test("a long session id of a client is cut, a long actor is refused", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const interception = sampleInterception({ clientSessionId: "\u{1f600}".repeat(300) });
  await recorder.recordInterception({ interception });
  const usage = controlPlane.admin(UsageService);
  const { interception: stored } = await usage.getInterception({ id: interception.id });
  expect(stored?.clientSessionId).toBe("\u{1f600}".repeat(255));
  const tooLong = sampleInterception({ initiatorId: "a".repeat(256) });
  expect(await codeOf(recorder.recordInterception({ interception: tooLong }))).toBe(Code.OutOfRange);
  await recorder.recordInterception({ interception: sampleInterception({ initiatorId: "a".repeat(255) }) });
});
