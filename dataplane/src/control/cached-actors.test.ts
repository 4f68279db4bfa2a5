import { ActorSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { CachedActors } from "./cached-actors.ts";
import type { ActorAnswer, ActorQuery, PresentedCredential } from "./ports.ts";

const query: ActorQuery = {
  credential: { kind: "token", token: "aib_1" },
  providerName: "anthropic",
  route: "/v1/messages",
  client: "Unknown",
  userAgent: "",
  remoteAddress: "",
};

/** The same question about another token. */
function queryOf(token: string): ActorQuery {
  return { ...query, credential: { kind: "token", token } };
}

/** A cache over a scripted service, on a clock of its own. */
function setUp(options: { maxKnown?: number; maxRefusals?: number } = {}) {
  const state = {
    now: 0,
    asked: 0,
    answer: (token: string): ActorAnswer | Promise<ActorAnswer> => ({
      actor: create(ActorSchema, { id: `actor of ${token}`, apiKeyId: `key of ${token}` }),
      byokAllowed: true,
      cacheForMs: 60_000,
    }),
  };
  const cache = new CachedActors({
    ask: async ({ credential }) => {
      state.asked++;
      return state.answer(credential.kind === "token" ? credential.token : credential.kind);
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
  const { cache, state } = setUp({ maxKnown: 2 });
  await cache.resolve(queryOf("a"));
  await cache.resolve(queryOf("b"));
  await cache.resolve(queryOf("a"));
  await cache.resolve(queryOf("c"));
  expect(state.asked).toBe(3);
  await cache.resolve(queryOf("a"));
  expect(state.asked).toBe(3);
  await cache.resolve(queryOf("b"));
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

test("the same text is another credential in another mode, and under other rules", async () => {
  const { cache, state } = setUp();
  const rules = { jwksUrl: "https://a.example/", issuer: "i", audience: "a", actorClaim: "sub" };
  const credentials: PresentedCredential[] = [
    { kind: "token", token: "alice" },
    { kind: "trusted_actor_id", actorId: "alice" },
    { kind: "jwt", token: "alice", rules },
    { kind: "jwt", token: "alice", rules: { ...rules, jwksUrl: "https://b.example/" } },
    { kind: "jwt", token: "alice", rules: { ...rules, issuer: "j" } },
    { kind: "jwt", token: "alice", rules: { ...rules, audience: "b" } },
    { kind: "jwt", token: "alice", rules: { ...rules, actorClaim: "email" } },
  ];
  for (const credential of credentials) await cache.resolve({ ...query, credential });
  expect(state.asked).toBe(credentials.length);
  for (const credential of credentials) await cache.resolve({ ...query, credential });
  expect(state.asked).toBe(credentials.length);
});

test("a flood of invented tokens pushes out nobody", async () => {
  const { cache, state, fail } = setUp({ maxKnown: 1, maxRefusals: 2 });
  await cache.resolve(query);
  fail(Code.Unauthenticated);
  for (const token of ["a", "b", "c"])
    await expect(cache.resolve(queryOf(token))).rejects.toMatchObject({ code: "unauthenticated" });
  const asked = state.asked;
  expect(cache.resolve(query)).toMatchObject({ actor: { id: "actor of aib_1" } });
  expect(() => cache.resolve(queryOf("c"))).toThrow("unknown");
  expect(state.asked).toBe(asked);
  // The oldest refusal made room: it costs another question and no more.
  await expect(cache.resolve(queryOf("a"))).rejects.toMatchObject({ code: "unauthenticated" });
  expect(state.asked).toBe(asked + 1);
});

test("a refused actor does not come back while the service is away", async () => {
  const { cache, state, fail } = setUp();
  await cache.resolve(query);
  state.now = 60_000;
  fail(Code.PermissionDenied);
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "permission_denied" });
  fail(Code.Unavailable);
  state.now = 65_000;
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
});

test("once the service is known to be away, a known actor does not wait for it again", async () => {
  const { cache, state } = setUp();
  await cache.resolve(query);
  await cache.resolve({ ...query, providerName: "openai" });
  const failure = Promise.withResolvers<ActorAnswer>();
  state.answer = () => failure.promise;
  state.now = 60_000;
  const first = cache.resolve(query);
  failure.reject(new ConnectError("no", Code.Unavailable));
  expect(await first).toMatchObject({ actor: { id: "actor of aib_1" } });

  const asked = state.asked;
  state.answer = () => new Promise(() => undefined);
  expect(cache.resolve({ ...query, providerName: "openai" })).toMatchObject({
    actor: { id: "actor of aib_1" },
  });
  expect(state.asked).toBe(asked + 1);
  // Reached again, the service is waited for: it may know of a revocation.
  cache.reconnected();
  expect(cache.resolve(query)).toBeInstanceOf(Promise);
});

test("the end of an old connection does not make a service that was reached again count as away", async () => {
  const { cache, state } = setUp();
  await cache.resolve(query);
  const old = Promise.withResolvers<ActorAnswer>();
  state.answer = () => old.promise;
  const stranger = cache.resolve(queryOf("stranger"));
  cache.reconnected();
  old.reject(new ConnectError("no", Code.Unavailable));
  await expect(stranger).rejects.toMatchObject({ code: "actors_unavailable" });
  expect(cache.resolve(query)).toBeInstanceOf(Promise);
});

test.each([["markStale"], ["invalidate"]] as const)(
  "an answer that was under way at %s is not kept, and later questions are asked anew",
  async (method) => {
    const { cache, state } = setUp();
    const early = Promise.withResolvers<ActorAnswer>();
    state.answer = () => early.promise;
    const first = cache.resolve(query);
    if (method === "markStale") cache.markStale();
    else cache.invalidate({ actorId: "actor of aib_1" });
    state.answer = () => {
      throw new ConnectError("no", Code.Unauthenticated);
    };
    await expect(cache.resolve(query)).rejects.toMatchObject({ code: "unauthenticated" });
    early.resolve({ actor: create(ActorSchema, { id: "alice" }), byokAllowed: true, cacheForMs: 60_000 });
    await first;
    expect(() => cache.resolve(query)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
  },
);

test("no answer outlives the credential, not even while the service is away", async () => {
  const { cache, state, fail } = setUp();
  state.answer = () => ({
    actor: create(ActorSchema, { id: "alice" }),
    byokAllowed: true,
    cacheForMs: 60_000,
    expiresInMs: 10_000,
  });
  await cache.resolve(query);
  fail(Code.Unavailable);
  state.now = 9_999;
  expect(cache.resolve(query)).toMatchObject({ actor: { id: "alice" } });
  state.now = 10_000;
  await expect(cache.resolve(query)).rejects.toMatchObject({ code: "actors_unavailable" });
});
