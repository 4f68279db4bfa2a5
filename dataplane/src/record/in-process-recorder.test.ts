import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { findInProcess, type RecorderFunctions } from "./in-process-recorder.ts";

const query = { initiatorId: "alice", providerName: "openai", messageId: "resp_1" };
const last = { messageId: "resp_3", pendingCallIds: ["call_1"] };
const keepNothing = () => undefined;
const six: RecorderFunctions = {
  recordInterception: keepNothing,
  recordInterceptionEnded: keepNothing,
  recordTokenUsage: keepNothing,
  recordPromptUsage: keepNothing,
  recordToolUsage: keepNothing,
  recordModelThought: keepNothing,
};

function find(findLastMessage?: NonNullable<RecorderFunctions["findLastMessage"]>, timeoutMs = 1000) {
  return findInProcess({ ...six, ...(findLastMessage && { findLastMessage }) })(query, timeoutMs);
}

test("a host's function is asked where an answer ended", async () => {
  expect(await find((given) => (given === query ? last : undefined))).toEqual(last);
  expect(await find(async () => undefined)).toBeUndefined();
  expect(await find(() => null as never)).toBeUndefined();
});

test("a host without the function has no such method", async () => {
  await expect(find()).rejects.toMatchObject({ code: Code.Unimplemented });
});

test.each([{}, { messageId: "resp_3" }, { messageId: 3, pendingCallIds: [] }])(
  "an answer that is none is a failure: %j",
  async (answer) => {
    await expect(find(() => answer as never)).rejects.toMatchObject({ code: Code.Internal });
  },
);

test("a function that throws, or takes too long, is a failure without its text", async () => {
  const failing = find(() => {
    throw new TypeError("a prompt");
  });
  await expect(failing).rejects.toMatchObject({
    code: Code.Internal,
    rawMessage: expect.stringMatching(/^findLastMessage failed: TypeError at (?!.*a prompt)/),
  });
  const slow = find(() => new Promise(() => undefined), 10);
  await expect(slow).rejects.toMatchObject({ code: Code.DeadlineExceeded });
});
