import { expect, test } from "vitest";
import { completed, loopUnderTest } from "../../../test/support/tool-turns/loop-under-test.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import { encodeEvent } from "../sse/encode.ts";
import type { ExchangeEnd } from "./exchange.ts";

/** A turn with calls of these tools. `deltas`: what its message_delta events say, one for each. */
function turn(tools: readonly string[], deltas: readonly object[] = [{ stop_reason: "tool_use" }]): Buffer {
  const events = [
    { type: "message_start", message: { id: "msg_1", usage: { input_tokens: 1 } } },
    ...tools.flatMap((name, index) => [
      {
        type: "content_block_start",
        index,
        content_block: { type: "tool_use", id: `call_${index}`, name, input: {} },
      },
      { type: "content_block_stop", index },
    ]),
    ...deltas.map((delta) => ({ type: "message_delta", delta, usage: { output_tokens: 1 } })),
    { type: "message_stop" },
  ];
  return Buffer.concat(events.map((event) => encodeEvent(JSON.stringify(event), event.type)));
}

const said = [turn([], [{ stop_reason: "end_turn" }])];

test("a call left out is known before the end of its turn may go out, and once", async () => {
  const { loop, client, seen } = loopUnderTest({ answers: [[turn(["bmcp_wiki_read", "Bash"])]] });
  expect(await loop.run()).toEqual(completed);
  expect(seen).toEqual(["left out call_0", "terminal"]);
  expect(client.ending).toBe("ended");
});

test("an end that comes in two events is understood", async () => {
  const deltas = [{ stop_reason: "tool_use" }, {}];
  const { loop, client, seen } = loopUnderTest({ answers: [[turn(["bmcp_wiki_read"], deltas)], said] });
  expect(await loop.run()).toEqual({ ...completed, answers: 2 });
  expect(seen).toEqual(["run call_0", "terminal"]);
  expect(client.written.match(/"stop_reason":"\w+"/g)).toEqual(['"stop_reason":"end_turn"']);
});

test("a shutdown while the records of a turn are awaited ends the answer: no further turn begins", async () => {
  const records = Promise.withResolvers<void>();
  const { loop, client, left } = loopUnderTest({
    answers: [[turn(["bmcp_wiki_read"])], said],
    settled: records.promise,
  });
  const running = loop.run();
  loop.abort(new GatewayError("shutting_down", "The gateway is shutting down."));
  records.resolve();
  expect(await running).toMatchObject({ outcome: "failed", failure: { code: "shutting_down" } });
  expect(left).toEqual([said]);
  expect(client.ending).toBe("cut");
  expect(client.written).toContain("event: error");
});

test("an answer that was too long to be read is left to be told as an error, not ended as an empty one", async () => {
  const failure = new GatewayError("upstream_invalid_answer", "The answer cannot be read.");
  const unread: ExchangeEnd = { ...completed, outcome: "failed", failure };
  const { loop, client } = loopUnderTest({ answers: [], end: unread });
  expect(await loop.run()).toEqual(unread);
  expect(client).toMatchObject({ started: false, ending: undefined });
});

test("the requests of later turns count while they are held, and nothing does at the end", async () => {
  const calling = [turn(["bmcp_wiki_read"])];
  const { loop, held } = loopUnderTest({ answers: [calling, calling, said] });
  expect(await loop.run()).toMatchObject({ outcome: "completed", answers: 3 });
  expect(held).toEqual([expect.any(Number), expect.any(Number), 0]);
  expect(held[1]).toBeGreaterThan(held[0] as number);
});

test.each([true, false])(
  "without room for the next request the answer ends with an error (stream: %s)",
  async (stream) => {
    const whole = {
      id: "msg_1",
      content: [{ type: "tool_use", id: "call_0", name: "bmcp_wiki_read", input: {} }],
    };
    const body = stream
      ? turn(["bmcp_wiki_read"])
      : Buffer.from(JSON.stringify({ ...whole, stop_reason: "tool_use" }));
    const { loop, client, held, left } = loopUnderTest({ stream, answers: [[body], said], room: 100 });
    expect(await loop.run()).toMatchObject({
      outcome: "failed",
      failure: { code: "overloaded" },
      answers: 1,
    });
    expect(left).toHaveLength(1);
    expect(held.at(-1)).toBe(0);
    // Before anything went out the error is answered by who runs the loop.
    expect(client).toMatchObject({ started: stream, ending: stream ? "cut" : undefined });
    expect(client.written.includes("overloaded_error")).toBe(stream);
  },
);

const refusal = (times: number) =>
  Array.from({ length: times }, () =>
    Buffer.from('{"error":{"type":"invalid_request_error","message":"No."}}'),
  );

test("a request that was mended is sent again, and its refusals are no answers", async () => {
  const { loop, client } = loopUnderTest({ answers: [said], refusals: refusal(2), amend: () => true });
  expect(await loop.run()).toEqual(completed);
  expect(client).toMatchObject({ status: 200, ending: "ended" });
});

test("a client whose request is refused however often it is mended gets the last refusal", async () => {
  const refusals = refusal(100);
  const { loop, client } = loopUnderTest({ answers: [], refusals, amend: () => true });
  expect(await loop.run()).toMatchObject({ outcome: "failed", upstreamError: { message: "No." } });
  expect(client).toMatchObject({ status: 400, written: refusals[0]?.toString(), ending: "ended" });
});

test("a shutdown while the records of a refusal are awaited ends the request: it is not sent again", async () => {
  const records = Promise.withResolvers<void>();
  const { loop, client, left } = loopUnderTest({
    answers: [said],
    refusals: refusal(1),
    amend: () => true,
    settled: records.promise,
  });
  const running = loop.run();
  loop.abort(new GatewayError("shutting_down", "The gateway is shutting down."));
  records.resolve();
  expect(await running).toMatchObject({ outcome: "failed", failure: { code: "shutting_down" }, answers: 0 });
  expect(left).toEqual([said]);
  expect(client.started).toBe(false);
});

test("a request that was refused is not sent again for a client that left meanwhile", async () => {
  const { loop, client, left } = loopUnderTest({ answers: [said], refusals: refusal(1), amend: () => true });
  client.gone = true;
  expect(await loop.run()).toMatchObject({ outcome: "cancelled_by_client", upstreamError: undefined });
  expect(left).toEqual([said]);
});
