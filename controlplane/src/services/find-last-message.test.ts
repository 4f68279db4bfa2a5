import { RecorderService } from "@aibridge/proto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Batches, codeOf, collect, errorOf, sendAll } from "../test-support/record-batches.ts";
import {
  sampleEnd,
  sampleInterception,
  sampleTokenUsage,
  sampleToolUsage,
} from "../test-support/sample-records.ts";
import { grpcClient, useControlPlane } from "../test-support/use-control-plane.ts";

test("a message that a client knows leads to the last one of its interception", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  const interception = sampleInterception({ initiatorId: "alice", providerName: "openai" });
  const { id } = interception;
  const pending = { toolCallId: "call_1", invocationError: "not_run_mixed_turn" };
  const batch = new Batches().next([
    { case: "interception", value: interception },
    { case: "tokenUsage", value: sampleTokenUsage(id, { messageId: "resp_1" }) },
    { case: "tokenUsage", value: sampleTokenUsage(id, { messageId: "resp_2" }) },
    { case: "toolUsage", value: sampleToolUsage(id, { messageId: "resp_2", ...pending }) },
    { case: "interceptionEnded", value: sampleEnd(id) },
  ]);
  await collect(recorder.streamRecords(sendAll(batch)));
  const query = { initiatorId: "alice", providerName: "openai", messageId: "resp_1" };
  expect(await recorder.findLastMessage(query)).toMatchObject({
    messageId: "resp_2",
    pendingCallIds: ["call_1"],
  });
  expect(await codeOf(recorder.findLastMessage({ ...query, initiatorId: "bob" }))).toBe(Code.NotFound);
});

test("what no answer can be named by is not looked for", async () => {
  const recorder = (await useControlPlane()).gateway(RecorderService);
  const find = (messageId: string) => errorOf(recorder.findLastMessage({ messageId }));
  expect(await find("")).toMatchObject({
    code: Code.InvalidArgument,
    rawMessage: "message_id is missing",
  });
  expect((await find("x".repeat(1_000_000)))?.code).toBe(Code.NotFound);
});

test("it needs the gateway key", async () => {
  const { url, adminKey } = await useControlPlane();
  const call = grpcClient(RecorderService, url, adminKey).findLastMessage({ messageId: "resp_1" });
  expect(await codeOf(call)).toBe(Code.PermissionDenied);
});
