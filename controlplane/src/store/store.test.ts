import { randomBytes } from "node:crypto";
import { uuidv7 } from "@aibridge/proto/channel";
import { describe, expect, test } from "vitest";
import { microsOfMillis } from "../domain/micros.ts";
import { DATABASES, stopMariaDbAfterAll, type TestDatabase, useStore } from "../test-support/databases.ts";
import { endRecord, promptRecord, startRecord, tokenUsageRecord } from "../test-support/stored-records.ts";
import { isDatabaseError } from "./database-error.ts";
import { databaseAddress } from "./open-store.ts";

stopMariaDbAfterAll();

/** Everything; nothing is older. */
const ALL = { filter: {}, limit: 100, withRecords: true, maxBytes: 10_000_000 };

describe.each(DATABASES)("$name", ({ make }) => {
  async function useMigrated(database?: TestDatabase) {
    const store = useStore(database ?? (await make()));
    await store.migrate();
    return store;
  }

  test("only what is new counts as added", async () => {
    const { records } = await useMigrated();
    const record = tokenUsageRecord();
    expect(await records.save([record, record, tokenUsageRecord()])).toEqual(new Map([["token_usage", 2]]));
    expect(await records.save([record])).toEqual(new Map([["token_usage", 0]]));
  });

  test("a batch of any size is stored whole", async () => {
    const { records, usage } = await useMigrated();
    const start = startRecord();
    const { id: interceptionId } = start.value;
    const usages = Array.from({ length: 150 }, () => tokenUsageRecord({ interceptionId }));
    expect(await records.save([...usages, start])).toEqual(
      new Map([
        ["token_usage", 150],
        ["interception", 1],
      ]),
    );
    expect((await usage.getInterception(interceptionId))?.tokenUsages).toHaveLength(150);
  });

  test("a batch is stored whole or not at all", async () => {
    const { records } = await useMigrated();
    const good = tokenUsageRecord();
    const bad = tokenUsageRecord({ messageId: null as never });
    await expect(records.save([good, startRecord(), bad])).rejects.toSatisfy(isDatabaseError);
    expect((await records.save([good])).get("token_usage")).toBe(1);
  });

  test("every value comes back as it was: long text, emoji, trailing blanks, 64 bits, letters of two cases", async () => {
    const { records, usage } = await useMigrated();
    const start = startRecord({
      initiatorId: "\u{1f600}".repeat(255),
      clientSessionId: "s".repeat(255),
      model: "x".repeat(200_000),
      userAgent: "a\\'\"\0\u{1f600} ",
      startedAt: 253_402_300_799_999_999n,
      metadata: '{"a":"ü"}',
    });
    const { id: interceptionId } = start.value;
    const prompt = promptRecord({ interceptionId, prompt: "é".repeat(1024 * 1024) });
    const tokens = tokenUsageRecord({ interceptionId, inputTokens: 9_223_372_036_854_775_807n });
    const end = endRecord({ interceptionId, errorMessage: "y".repeat(100_000), timeToFirstByte: 123n });
    await records.save([start, prompt, tokens, end]);
    expect(await usage.getInterception(interceptionId)).toEqual({
      interception: start.value,
      ended: end.value,
      tokenUsages: [tokens.value],
      userPrompts: [prompt.value],
      toolUsages: [],
      modelThoughts: [],
    });
    await records.save([startRecord({ model: "M" }), startRecord({ model: "m" })]);
    expect((await usage.listInterceptions({ ...ALL, filter: { model: "m" } })).rows).toHaveLength(1);
  });

  test("a real end replaces a provisional one, within a batch too, and never the reverse", async () => {
    const { records, usage } = await useMigrated();
    const starts = [startRecord(), startRecord(), startRecord()] as const;
    const ends = starts.map(({ value }) => ({
      real: endRecord({ interceptionId: value.id }),
      provisional: endRecord({ interceptionId: value.id, provisional: true, outcome: "failed" }),
    }));
    await records.save(starts);
    const saved = async (...batch: Parameters<typeof records.save>[0]) =>
      (await records.save(batch)).get("interception_ended");
    const [first, second, third] = ends as [(typeof ends)[0], (typeof ends)[0], (typeof ends)[0]];
    expect(await saved(first.provisional, second.real)).toBe(2);
    expect(await saved(first.real, second.provisional)).toBe(1);
    expect(await saved(first.provisional, second.provisional, first.real)).toBe(0);
    expect(await saved(third.provisional, third.real)).toBe(2);
    for (const [index, { value }] of starts.entries()) {
      expect((await usage.getInterception(value.id))?.ended).toEqual(ends[index]?.real.value);
    }
  });

  test("pages follow each other without a gap, also among equal times", async () => {
    const { records, usage } = await useMigrated();
    const starts = Array.from({ length: 7 }, (_, index) => startRecord({ startedAt: BigInt(index >> 1) }));
    await records.save(starts);
    const seen: string[] = [];
    let after: { startedAt: bigint; id: string } | undefined;
    for (;;) {
      const { rows: page } = await usage.listInterceptions({ ...ALL, after, limit: 2 });
      const last = page.at(-1)?.interception;
      if (last === undefined) {
        break;
      }
      after = { startedAt: last.startedAt, id: last.id };
      seen.push(...page.map(({ interception }) => interception.id));
    }
    expect(seen).toEqual(starts.map(({ value }) => value.id).reverse());
  });

  test("a page holds no more text than asked for, but one interception always", async () => {
    const { records, usage } = await useMigrated();
    const starts = [0n, 1n, 2n, 3n].map((startedAt) =>
      startRecord({ startedAt, userAgent: "é".repeat(500) }),
    );
    const prompts = starts.map(({ value }, index) =>
      promptRecord({ interceptionId: value.id, prompt: "x".repeat(index === 1 ? 50_000 : 3000) }),
    );
    await records.save([...starts, ...prompts]);
    const newestFirst = starts.map(({ value }) => value.id).reverse();
    const list = async (changes: object) => {
      const { rows, more } = await usage.listInterceptions({ ...ALL, maxBytes: 9000, ...changes });
      return { ids: rows.map(({ interception }) => interception.id), more };
    };
    expect(await list({})).toEqual({ ids: newestFirst.slice(0, 2), more: true });
    expect(await list({ limit: 1 })).toEqual({ ids: newestFirst.slice(0, 1), more: true });
    const after = { startedAt: 2n, id: newestFirst[1] };
    expect(await list({ after })).toEqual({ ids: newestFirst.slice(2, 3), more: true });
    expect(await list({ after, withRecords: false })).toEqual({ ids: newestFirst.slice(2), more: false });
    expect(await list({ withRecords: false, maxBytes: 2500 })).toEqual({
      ids: newestFirst.slice(0, 2),
      more: true,
    });
    expect(await list({ maxBytes: 100_000 })).toEqual({ ids: newestFirst, more: false });
  });

  test("names that differ in a trailing blank are two", async () => {
    const { records, usage, credentials, deletions } = await useMigrated();
    const actors = ["alice", "alice ", "Alice", "alicé", "alice\0"];
    await records.save(
      actors.map((initiatorId) => startRecord({ initiatorId, clientSessionId: initiatorId })),
    );
    for (const actor of actors) {
      const token = { id: uuidv7(), actor, name: "", createdAt: 1n, expiresAt: null, revokedAt: null };
      await credentials.addToken(token, randomBytes(32));
    }
    const groups = await usage.summarizeUsage({ filter: {}, dimensions: ["actor"] });
    expect(groups.map(({ values, totals }) => [values[0], totals.interceptions])).toEqual(
      actors.toSorted().map((actor) => [actor, 1n]),
    );
    expect(await usage.listSessions({ filter: {}, limit: 10 })).toHaveLength(actors.length);
    for (const actor of actors) {
      const { rows } = await usage.listInterceptions({ ...ALL, filter: { initiatorId: actor } });
      expect(rows.map(({ interception }) => interception.initiatorId)).toEqual([actor]);
      const { rows: ofSession } = await usage.listInterceptions({
        ...ALL,
        filter: { clientSessionId: actor },
      });
      expect(ofSession).toHaveLength(1);
      expect((await credentials.listTokens({ actor, limit: 10 })).map((token) => token.actor)).toEqual([
        actor,
      ]);
    }
    expect(await deletions.deleteOfActor({ actor: "alice", startedBefore: 2n ** 60n, limit: 10 })).toBe(1);
    expect((await usage.listInterceptions(ALL)).rows).toHaveLength(actors.length - 1);
  });

  test("a sum is exact beyond 64 bits", async () => {
    const { records, usage } = await useMigrated();
    const start = startRecord();
    const { id: interceptionId } = start.value;
    const inputTokens = 2n ** 63n - 1n;
    const counts = [1n, 2n, 3n].map((outputTokens) =>
      tokenUsageRecord({ interceptionId, inputTokens, outputTokens }),
    );
    await records.save([start, ...counts]);
    const [group] = await usage.summarizeUsage({ filter: {}, dimensions: [] });
    expect(group?.totals).toMatchObject({ inputTokens: 3n * inputTokens, outputTokens: 6n });
  });

  test("sums and sessions are exact", async () => {
    const { records, usage } = await useMigrated();
    const day = 86_400_000_000n;
    const starts = [
      startRecord({ startedAt: day, clientSessionId: "s" }),
      startRecord({ startedAt: 2n * day - 1n, clientSessionId: "s" }),
      startRecord({ startedAt: 2n * day, initiatorId: "bob" }),
    ];
    const big = 9_007_199_254_740_993n;
    const counts = starts.map(({ value }) =>
      tokenUsageRecord({ interceptionId: value.id, inputTokens: big }),
    );
    await records.save([...starts, ...counts]);
    const groups = await usage.summarizeUsage({ filter: {}, dimensions: ["day", "actor"] });
    expect(groups.map(({ values, totals }) => [...values, totals.interceptions, totals.inputTokens])).toEqual(
      [
        ["1970-01-02", "alice", 2n, 2n * big],
        ["1970-01-03", "bob", 1n, big],
      ],
    );
    expect(await usage.listSessions({ filter: {}, limit: 10 })).toEqual([
      {
        clientSessionId: "s",
        client: "Unknown",
        initiatorId: "alice",
        firstStartedAt: day,
        lastStartedAt: 2n * day - 1n,
        interceptions: 2n,
      },
    ]);
  });

  test("transactions of administration and of records do not get into each other", async () => {
    const { records, credentials } = await useMigrated();
    const id = uuidv7();
    await credentials.addGatewayKey({ id, name: "a", createdAt: 1n, revokedAt: null }, randomBytes(32));
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? records.save([tokenUsageRecord()]) : credentials.revokeGatewayKey(id, 2n),
      ),
    );
    expect(results.filter((result) => result === true)).toHaveLength(10);
  });

  test("two writers with the same records in another order store each once", async () => {
    const database = await make();
    const [one, two] = [await useMigrated(database), await useMigrated(database)];
    const batch = Array.from({ length: 100 }, () => startRecord());
    const added = await Promise.all([one.records.save(batch), two.records.save(batch.toReversed())]);
    expect(added.reduce((sum, counts) => sum + (counts.get("interception") ?? 0), 0)).toBe(100);
    expect((await one.usage.listInterceptions({ ...ALL, limit: 1000 })).rows).toHaveLength(100);
  });

  test("tokens and gateway keys come back as they were", async () => {
    const { credentials } = await useMigrated();
    const digest = randomBytes(32);
    const token = { id: uuidv7(), actor: "alice", name: "", createdAt: 1n, expiresAt: 5n, revokedAt: null };
    await credentials.addToken(token, digest);
    expect(await credentials.findToken(digest)).toEqual(token);
    expect(await credentials.findToken(randomBytes(32))).toBeUndefined();
    expect(await credentials.listTokens({ actor: "alice", limit: 10 })).toEqual([token]);
    expect(await credentials.listExpiringTokens({ after: 1n, until: 5n })).toEqual([token]);
    expect(await credentials.revokeToken(token.id, 3n)).toBe(true);
    expect(await credentials.revokeToken(uuidv7(), 3n)).toBe(false);
    expect(await credentials.findToken(digest)).toEqual({ ...token, revokedAt: 3n });
  });

  test("changes are seen by the others, not by who made them, until they are old", async () => {
    const database = await make();
    const [one, two] = [await useMigrated(database), await useMigrated(database)];
    const before = await one.changes.now();
    const id = uuidv7();
    await one.credentials.addGatewayKey({ id, name: "a", createdAt: 1n, revokedAt: null }, randomBytes(32));
    await one.credentials.revokeGatewayKey(id, 2n);
    await one.credentials.revokeGatewayKey(id, 3n);
    expect(await one.changes.listForeign(before)).toEqual([]);
    expect(await two.changes.listForeign(before)).toMatchObject([
      { kind: "gateway_key_revoked", subject: id },
    ]);
    expect(await two.changes.listForeign(before + 60_000_000n)).toEqual([]);
    await one.changes.removeOlderThan(60_000_000n);
    expect(await two.changes.listForeign(before)).toHaveLength(1);
    await one.changes.removeOlderThan(-1_000_000n);
    expect(await two.changes.listForeign(before)).toEqual([]);
  });

  test("a lease has one holder until it is given back or runs out", async () => {
    const { leases } = await useMigrated();
    const [a, b] = [uuidv7(), uuidv7()];
    const minute = 60_000_000n;
    expect(await leases.take(a, minute)).toBe(true);
    expect(await leases.take(b, minute)).toBe(false);
    expect(await leases.take(a, minute)).toBe(true);
    await leases.release(b);
    expect(await leases.take(b, minute)).toBe(false);
    await leases.release(a);
    expect(await leases.take(b, -1n)).toBe(true);
    // That one had run out when it was made, as that of a crashed holder has at some time.
    expect(await leases.take(a, minute)).toBe(true);
  });

  test("records are deleted by the time in their interception's id, their interception there or not", async () => {
    const { records, usage, deletions } = await useMigrated();
    const old = Array.from({ length: 5 }, (_, index) => startRecord({ id: idAt(index) }));
    const late = promptRecord({ interceptionId: idAt(0) });
    const more = Array.from({ length: 5 }, () => promptRecord({ interceptionId: idAt(1) }));
    const kept = startRecord({ id: idAt(1000) });
    await records.save([...old, late, ...more, kept, promptRecord({ interceptionId: kept.value.id })]);
    expect(await deletions.deleteBefore(idAt(1000), 2)).toBe(true);
    while (await deletions.deleteBefore(idAt(1000), 2));
    expect((await usage.listInterceptions(ALL)).rows).toMatchObject([
      { interception: { id: kept.value.id }, userPrompts: [{ prompt: "Why?" }] },
    ]);
    expect((await records.save([late, ...more])).get("prompt_usage")).toBe(6);
  });

  test("interceptions without an end are found by the time in their id", async () => {
    const { records, deletions } = await useMigrated();
    const starts = [0, 1, 2, 3].map((time) =>
      startRecord({ id: idAt(time), startedAt: microsOfMillis(time) }),
    );
    await records.save([...starts, endRecord({ interceptionId: idAt(1) })]);
    const whole = await deletions.findOpen({ from: idAt(0), before: idAt(3), limit: 10 });
    expect(whole.open).toEqual([
      { id: idAt(0), startedAt: 0n },
      { id: idAt(2), startedAt: 2000n },
    ]);
    expect(whole.next).toBeUndefined();
    const part = await deletions.findOpen({ from: idAt(1), before: idAt(3), limit: 1 });
    expect(part).toEqual({ open: [], next: idAt(2) });
  });

  test("an actor's interceptions go with their records, and so does what comes late", async () => {
    const { records, usage, deletions } = await useMigrated();
    const mine = [1n, 2n, 3n].map((startedAt) => startRecord({ startedAt }));
    const others = startRecord({ initiatorId: "bob", startedAt: 1n });
    const prompts = [...mine, others].map(({ value }) => promptRecord({ interceptionId: value.id }));
    await records.save([...mine, others, ...prompts]);
    expect(await deletions.deleteOfActor({ actor: "alice", startedBefore: 3n, limit: 100 })).toBe(2);
    expect(await deletions.deleteOfActor({ actor: "alice", startedBefore: 3n, limit: 100 })).toBe(0);
    const left = async () =>
      (await usage.listInterceptions(ALL)).rows.map(({ interception, userPrompts }) => [
        interception.initiatorId,
        userPrompts.length,
      ]);
    expect(await left()).toEqual([
      ["alice", 1],
      ["bob", 1],
    ]);

    // A delivery that was repeated, and a record that was still under way.
    await records.save([...mine, ...prompts, promptRecord({ interceptionId: mine[0]?.value.id ?? "" })]);
    expect(await left()).toHaveLength(4);
    const first = await deletions.deleteLate({ maxAge: 60_000_000n, limit: 1 });
    await deletions.deleteLate({ maxAge: 60_000_000n, after: first, limit: 1 });
    expect(await left()).toHaveLength(2);
    // All prompts of alice's deleted interceptions are gone: each would be new again.
    expect((await records.save(prompts)).get("prompt_usage")).toBe(2);
    expect(await deletions.deleteLate({ maxAge: -60_000_000n, limit: 1 })).toBeUndefined();
  });

  test("migrating twice, also at once, changes nothing; before it the store is not ready", async () => {
    const database = await make();
    const [one, two] = [useStore(database), useStore(database)];
    await expect(one.checkReady()).rejects.toThrow("0001-initial");
    await Promise.all([one.migrate(), two.migrate()]);
    await one.migrate();
    await one.checkReady();
    await two.checkReady();
  });
});

/** An id whose time is so many milliseconds after 1970. */
function idAt(millis: number): string {
  return `00000000-${millis.toString(16).padStart(4, "0")}-7000-8000-000000000000`;
}

test.each([
  "",
  "aibridge.db",
  "sqlite:",
  "sqlite::memory:",
  "mysql://root:secret@h",
  "mysql://root:secret@h/",
  "mysql://:secret@h/db",
  "mysql://root:secret@h/a/b",
  "mysql://root:secret%@h/db",
  "mysql://root:secret@h/db?ssl=on",
  "mysql://root:secret@h/db?tls=secret",
  "mysql://root:secret@127.0.0.1/db?tls=on",
])("database %s is refused without repeating it", (text) => {
  expect(() => databaseAddress(text)).toThrow(
    /sqlite:PATH|mysql:\/\/USER:PASSWORD@HOST:PORT\/DATABASE|HOST must be a name/,
  );
  expect(() => databaseAddress(text)).not.toThrow(/secret/);
});

test("a MySQL address is read with its escapes, and shown without its password", () => {
  expect(databaseAddress("mysql://ai:p%40ss@db.example/aibridge?tls=on")).toMatchObject({
    server: { host: "db.example", port: 3306, user: "ai", password: "p@ss", database: "aibridge", tls: true },
    label: "mysql://db.example:3306/aibridge",
  });
  expect(databaseAddress("mysql://ai@[::1]:3307/x")).toMatchObject({
    server: { host: "::1", port: 3307, password: "", tls: false },
  });
});
