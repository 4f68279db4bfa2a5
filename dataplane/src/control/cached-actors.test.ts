import { ActorSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CachedActors } from "./cached-actors.ts";
import type { ActorAnswer, ActorQuery } from "./ports.ts";

const query: ActorQuery = {
  token: "aib_1",
  providerName: "anthropic",
  route: "/v1/messages",
  client: "Unknown",
  userAgent: "",
  remoteAddress: "",
};

/** A cache over a scripted service, on a clock of its own. */
function setUp(options: { maxEntries?: number } = {}) {
  const state = {
    now: 0,
    asked: 0,
    answer: (token: string): ActorAnswer => ({
      actor: create(ActorSchema, { id: `actor of ${token}`, apiKeyId: `key of ${token}` }),
      byokAllowed: true,
      cacheForMs: 60_000,
    }),
  };
  const cache = new CachedActors({
    ask: async ({ token }) => {
      state.asked++;
      return state.answer(token);
    },
    staleForMs: () => 3_600_000,
    now: () => state.now,
    ...options,
  });
  const fail = (code: Code) => {
    state.answer = () => {
      throw new ConnectError("no", code);
    };
  };
  return { cache, state, fail };
}

test("an answer is kept for as long as the service says, at most five minutes", async () => {
  const { cache, state } = setUp();
  await cache.resolve(query);
  state.now = 59_999;
  expect(cache.resolve(query)).toMatchObject({ actor: { id: "actor of aib_1" } });
  expect(state.asked).toBe(1);
  state.now = 60_000;
  await cache.resolve(query);
  expect(state.asked).toBe(2);
});

test("an answer is for one provider", async () => {
  const { cache, state } = setUp();
  await cache.resolve(query);
  await cache.resolve({ ...query, providerName: "openai" });
  expect(state.asked).toBe(2);
});

test("questions at the same time are asked once", async () => {
  const { cache, state } = setUp();
  await Promise.all([cache.resolve(query), cache.resolve(query), cache.resolve(query)]);
  expect(state.asked).toBe(1);
});

test("a refusal is kept five seconds", async () => {
  const { cache, state, fail } = setUp();
  fail(Code.Unauthenticated);
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "unauthenticated" });
  expect(() => cache.resolve(query)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
  expect(state.asked).toBe(1);
  state.now = 5_000;
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "unauthenticated" });
  expect(state.asked).toBe(2);
});

test("unavailability is never kept", async () => {
  const { cache, state, fail } = setUp();
  fail(Code.Unavailable);
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
  expect(state.asked).toBe(2);
});

test("a known actor serves on while the service is away, for an hour", async () => {
  const { cache, state, fail } = setUp();
  await cache.resolve(query);
  fail(Code.DeadlineExceeded);
  state.now = 3_599_999;
  await expect(cache.resolve(query)).resolves.toMatchObject({ actor: { id: "actor of aib_1" } });
  state.now = 3_600_000;
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
});

test("what is marked stale is confirmed before its next use", async () => {
  const { cache, state, fail } = setUp();
  await cache.resolve(query);
  cache.markStale();
  fail(Code.Unauthenticated);
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "unauthenticated" });
  expect(state.asked).toBe(2);
});

test.each([{ apiKeyId: "key of aib_1" }, { actorId: "actor of aib_1" }])(
  "%o is forgotten for good",
  async (scope) => {
    const { cache, fail } = setUp();
    await cache.resolve(query);
    fail(Code.Unavailable);
    cache.invalidate(scope);
    await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
  },
);

test("the least recently used answer makes room", async () => {
  const { cache, state } = setUp({ maxEntries: 2 });
  await cache.resolve({ ...query, token: "a" });
  await cache.resolve({ ...query, token: "b" });
  await cache.resolve({ ...query, token: "a" });
  await cache.resolve({ ...query, token: "c" });
  expect(state.asked).toBe(3);
  await cache.resolve({ ...query, token: "a" });
  expect(state.asked).toBe(3);
  await cache.resolve({ ...query, token: "b" });
  expect(state.asked).toBe(4);
});

test("a limit is passed on with its delay", async () => {
  const { cache, state } = setUp();
  const retryInfo = { type: "google.rpc.RetryInfo", value: Uint8Array.from([0x0a, 0x03, 0x08, 0xac, 0x02]) };
  state.answer = () => {
    const error = new ConnectError("slow down", Code.ResourceExhausted);
    error.details.push(retryInfo);
    throw error;
  };
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "rate_limited", retryAfter: 300 });
});
