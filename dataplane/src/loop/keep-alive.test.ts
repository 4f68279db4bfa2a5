import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ModelAnswer } from "../../../sdk/src/testing/answer.ts";
import { text, toolCall } from "../../../sdk/src/testing/parts.ts";
import { renderAnswer } from "../../../sdk/src/testing/render.ts";
import { type LoopOptions, loopUnderTest } from "../../../test/support/tool-turns/loop-under-test.ts";
import type { ApiName } from "../apis/api.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const calling: ModelAnswer = {
  id: "turn_1",
  content: [text("Look."), toolCall("bmcp_wiki_read", { page: "home" }, { id: "call_1" })],
  stop: "tool_use",
};
const said: ModelAnswer = { id: "turn_2", content: "Home." };

/** What keeps a client of each API waiting. */
const keepAlives = {
  messages: /^event: ping\ndata: \{"type":"ping"\}\n\n$/,
  chat: /^data: \{.*"id":"turn_1".*"choices":\[\{"index":0,"delta":\{\},"finish_reason":null\}\]\}\n\n$/,
  responses: /^event: keepalive\ndata: \{"type":"keepalive","sequence_number":\d+\}\n\n$/,
} as const;

function body(api: ApiName, answer: ModelAnswer, stream = true): Buffer {
  return Buffer.concat(renderAnswer(api, answer, { model: "m", stream }).body);
}

/** The first bytes at once, the rest when the promise says so. */
async function* held(bytes: Buffer, at: number, until: Promise<void>): AsyncGenerator<Buffer> {
  if (at > 0) yield bytes.subarray(0, at);
  await until;
  yield bytes.subarray(at);
}

/** A loop that has been waiting for a minute, and what it wrote meanwhile. */
async function waiting(options: LoopOptions) {
  const under = loopUnderTest(options);
  const running = under.loop.run();
  await vi.advanceTimersByTimeAsync(0);
  const before = { written: under.client.written.length, pieces: under.client.writtenAt.length };
  const since = performance.now();
  await vi.advanceTimersByTimeAsync(60_000);
  const written = under.client.written.slice(before.written);
  const times = [since, ...under.client.writtenAt.slice(before.pieces), performance.now()];
  const longestMs = Math.max(...times.slice(1).map((time, index) => time - (times[index] as number)));
  return { ...under, running, written, longestMs };
}

describe.each(["messages", "chat", "responses"] as const)("%s", (api) => {
  test("while a tool runs, a stream hears something at least every 10 s", async () => {
    const ran = Promise.withResolvers<void>();
    const answers = [[body(api, calling)], [body(api, said)]];
    const { client, running, written, longestMs } = await waiting({ api, answers, run: () => ran.promise });
    expect(longestMs).toBeLessThanOrEqual(10_000);
    const events = written.split(/(?<=\n\n)/);
    expect(events.length).toBeLessThanOrEqual(10);
    for (const event of events) expect(event).toMatch(keepAlives[api]);
    ran.resolve();
    expect(await running).toMatchObject({ outcome: "completed", answers: 2 });
    expect(client).toMatchObject({ ending: "ended" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.writtenAt.at(-1)).toBeLessThan(performance.now() - 59_000);
  });

  test.each([0, 30])(
    "a provider that is silent after %d bytes of a later turn is bridged as well",
    async (at) => {
      const rest = Promise.withResolvers<void>();
      const answers = [[body(api, calling)], held(body(api, said), at, rest.promise)];
      const { client, running, written, longestMs } = await waiting({ api, answers });
      expect(longestMs).toBeLessThanOrEqual(10_000);
      for (const event of written.split(/(?<=\n\n)/)) expect(event).toMatch(keepAlives[api]);
      rest.resolve();
      await running;
      expect(client.written).toContain("Home.");
    },
  );

  test("before the first event of the provider nothing goes out", async () => {
    const rest = Promise.withResolvers<void>();
    const { running, written } = await waiting({ api, answers: [held(body(api, said), 0, rest.promise)] });
    expect(written).toBe("");
    rest.resolve();
    await running;
  });

  test("an answer that is not streamed has no keep-alive", async () => {
    const ran = Promise.withResolvers<void>();
    const answers = [[body(api, calling, false)], [body(api, said, false)]];
    const options = { api, stream: false, answers, run: () => ran.promise };
    const { client, running, written } = await waiting(options);
    expect(written).toBe("");
    ran.resolve();
    await running;
    expect(() => JSON.parse(client.written)).not.toThrow();
  });
});
