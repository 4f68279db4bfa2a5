import { McpServerSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CachedToolPolicies, type ToolPolicyAnswer, unknownPolicy } from "./tool-policies.ts";

const query = { actorId: "alice", apiKeyId: "key", providerName: "anthropic" };

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

function answer(version: string, cacheForMs: number, tokenExpiresInMs?: number): ToolPolicyAnswer {
  const server = create(McpServerSchema, {
    name: "wiki",
    url: "https://wiki.example/mcp",
    ...(tokenExpiresInMs !== undefined && { tokenExpiresAt: timestampFromMs(Date.now() + tokenExpiresInMs) }),
  });
  return { version, servers: [server], cacheForMs };
}

/** Policies from a service that says "1", "2"… each valid for so long, or fails. */
function policiesOf(next: (version: string) => ToolPolicyAnswer) {
  const failures: unknown[] = [];
  let questions = 0;
  const policies = new CachedToolPolicies({
    ask: async () => next(String(++questions)),
    failed: (error) => failures.push(error),
  });
  return { policies, failures, version: async (of = query) => (await policies.get(of)).version };
}

test("an answer is kept for as long as the service says", async () => {
  const { version, policies } = policiesOf((next) => answer(next, 60_000));
  expect(await version()).toBe("1");
  expect(policies.get(query)).not.toBeInstanceOf(Promise);
  vi.advanceTimersByTime(59_999);
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(1);
  expect(await version()).toBe("2");
});

test("an answer is kept for five minutes at most", async () => {
  const { version } = policiesOf((next) => answer(next, 3_600_000));
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(300_000);
  expect(await version()).toBe("2");
});

test("an answer that may not be kept is asked for each time", async () => {
  const { version } = policiesOf((next) => answer(next, 0));
  expect([await version(), await version()]).toEqual(["1", "2"]);
});

test("an answer is kept until 30 s before a token in it expires", async () => {
  const { version } = policiesOf((next) => answer(next, 300_000, 90_000));
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(59_999);
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(1);
  expect(await version()).toBe("2");
});

test("each actor, key and provider has an answer of its own", async () => {
  const { version } = policiesOf((next) => answer(next, 60_000));
  expect(await version()).toBe("1");
  expect(await version({ ...query, actorId: "bob" })).toBe("2");
  expect(await version({ ...query, apiKeyId: "other" })).toBe("3");
  expect(await version({ ...query, providerName: "openai" })).toBe("4");
  expect(await version()).toBe("1");
});

test("many who wait for the same answer ask once", async () => {
  const { version, policies } = policiesOf((next) => answer(next, 60_000));
  const all = await Promise.all([version(), version(), policies.refresh(query).then((one) => one.version)]);
  expect(all).toEqual(["1", "1", "1"]);
});

test("everything marked stale is asked for again, as is what is refreshed", async () => {
  const { version, policies } = policiesOf((next) => answer(next, 60_000));
  await version();
  policies.markStale();
  expect(policies.latest(query)).toMatchObject({ version: "1" });
  expect(await version()).toBe("2");
  expect((await policies.refresh(query)).version).toBe("3");
  expect(await version()).toBe("3");
});

test("while the service is away the last good answer serves on, and it is asked again after 5 s", async () => {
  const away = new ConnectError("away", Code.Unavailable);
  const { version, failures } = policiesOf((next) => {
    if (next === "2") throw away;
    return answer(next, 1_000);
  });
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(1_000);
  expect(await version()).toBe("1");
  expect(failures).toEqual([away]);
  vi.advanceTimersByTime(4_999);
  expect(await version()).toBe("1");
  vi.advanceTimersByTime(1);
  expect(await version()).toBe("3");
});

describe("while the service is slow", () => {
  /** Policies known as version "1", stale now; the next question is answered when the test says so. */
  async function staleWith(tokenExpiresInMs?: number) {
    vi.useFakeTimers();
    const slow = Promise.withResolvers<ToolPolicyAnswer>();
    const answers = [Promise.resolve(answer("1", 60_000, tokenExpiresInMs)), slow.promise];
    const policies = new CachedToolPolicies({
      ask: async () => (await answers.shift()) as ToolPolicyAnswer,
      failed: () => undefined,
    });
    await policies.get(query);
    vi.advanceTimersByTime(60_000);
    return { policies, slow, left: answers };
  }

  test("the answer before serves after a quarter of a second, at once for those who come later", async () => {
    const { policies, slow, left } = await staleWith();
    const waiting = policies.get(query);
    expect(waiting).toBeInstanceOf(Promise);
    await vi.advanceTimersByTimeAsync(250);
    expect(await waiting).toMatchObject({ version: "1" });
    expect(policies.get(query)).toMatchObject({ version: "1" });
    slow.resolve(answer("2", 60_000));
    await vi.advanceTimersByTimeAsync(0);
    expect(policies.get(query)).toMatchObject({ version: "2" });
    expect(left).toEqual([]);
  });

  test("an answer that comes in time is waited for", async () => {
    const { policies, slow } = await staleWith();
    const waiting = policies.get(query);
    await vi.advanceTimersByTimeAsync(249);
    slow.resolve(answer("2", 60_000));
    expect(await waiting).toMatchObject({ version: "2" });
  });

  test("nobody gets a token that has expired", async () => {
    const { policies, slow } = await staleWith(60_000);
    const waiting = [policies.get(query)];
    await vi.advanceTimersByTimeAsync(4_000);
    waiting.push(policies.get(query));
    slow.resolve(answer("2", 60_000));
    expect(await Promise.all(waiting)).toMatchObject([{ version: "2" }, { version: "2" }]);
  });
});

test("an actor of whom nobody can tell anything has no servers", async () => {
  const { policies } = policiesOf(() => {
    throw new ConnectError("away", Code.Unavailable);
  });
  expect(await policies.get(query)).toBe(unknownPolicy);
  expect(policies.latest(query)).toBe(unknownPolicy);
  expect(unknownPolicy.servers).toEqual([]);
});

test("a host without tool policies is asked each five minutes", async () => {
  const { version, failures } = policiesOf(() => {
    throw new ConnectError("no such service", Code.Unimplemented);
  });
  await version();
  vi.advanceTimersByTime(299_999);
  await version();
  expect(failures.length).toBe(1);
  vi.advanceTimersByTime(1);
  await version();
  expect(failures.length).toBe(2);
});
