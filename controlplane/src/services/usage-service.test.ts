import {
  ListInterceptionsResponseSchema,
  RecorderService,
  UsageDimension,
  UsageService,
} from "@aibridge/proto";
import { toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { codeOf } from "../test-support/record-batches.ts";
import {
  SAMPLE_TIME,
  sampleEnd,
  sampleInterception,
  samplePrompt,
  sampleThought,
  sampleTokenUsage,
  sampleToolUsage,
} from "../test-support/sample-records.ts";
import { type TestControlPlane, useControlPlane } from "../test-support/use-control-plane.ts";

const DAY_MS = 86_400_000;

async function record(
  controlPlane: TestControlPlane,
  ...changes: Parameters<typeof sampleInterception>[0][]
) {
  const recorder = controlPlane.gateway(RecorderService);
  const interceptions = changes.map((change) => sampleInterception(change));
  for (const interception of interceptions) {
    await recorder.recordInterception({ interception });
  }
  return interceptions.map(({ id }) => id);
}

const startedAt = (offsetMs: number) => ({ startedAt: timestampFromMs(SAMPLE_TIME + offsetMs) });

test("pages hold every interception once, newest first, also when times are equal", async () => {
  const controlPlane = await useControlPlane();
  const times = [0, 1000, 1000, 1000, 2000, 3000, 3000];
  const ids = await record(controlPlane, ...times.map(startedAt));
  const usage = controlPlane.admin(UsageService);

  const seen: string[] = [];
  const sizes: number[] = [];
  let pageToken = "";
  do {
    const page = await usage.listInterceptions({ pageSize: 3, pageToken });
    seen.push(...page.interceptions.map(({ interception }) => interception?.id ?? ""));
    sizes.push(page.interceptions.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");

  expect(sizes).toEqual([3, 3, 1]);
  expect(seen).toEqual(ids.toReversed());
});

test("a page with records ends before it is too large for a gRPC message, and the next one goes on", async () => {
  const controlPlane = await useControlPlane();
  const ids = await record(controlPlane, ...[0, 1000, 2000, 3000].map(startedAt));
  const recorder = controlPlane.gateway(RecorderService);
  for (const id of ids) {
    await recorder.recordPromptUsage({
      promptUsage: samplePrompt(id, { prompt: "x".repeat(1_500_000) }),
    });
  }
  const usage = controlPlane.admin(UsageService);

  const pages: number[] = [];
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await usage.listInterceptions({ includeRecords: true, pageToken });
    expect(toBinary(ListInterceptionsResponseSchema, page).length).toBeLessThan(4 * 1024 * 1024);
    seen.push(...page.interceptions.map(({ interception }) => interception?.id ?? ""));
    pages.push(page.interceptions.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");

  expect(pages).toEqual([2, 2]);
  expect(seen).toEqual(ids.toReversed());
});

test("a full last page has no next one", async () => {
  const controlPlane = await useControlPlane();
  await record(controlPlane, {}, {});
  const page = await controlPlane.admin(UsageService).listInterceptions({ pageSize: 2 });
  expect(page.interceptions).toHaveLength(2);
  expect(page.nextPageToken).toBe("");
});

const FILTER_CASES = [
  { filter: { initiator: "bob" }, match: { initiatorId: "bob" } },
  { filter: { providerName: "openai" }, match: { providerName: "openai" } },
  { filter: { model: "gpt-5" }, match: { model: "gpt-5" } },
  { filter: { client: "Codex" }, match: { client: "Codex" } },
  { filter: { clientSessionId: "s2" }, match: { clientSessionId: "s2" } },
  { filter: { startedAfter: timestampFromMs(SAMPLE_TIME + 1000) }, match: startedAt(1000) },
  { filter: { startedBefore: timestampFromMs(SAMPLE_TIME) }, match: startedAt(-1) },
];

test.each(FILTER_CASES)("filter $filter", async ({ filter, match }) => {
  const controlPlane = await useControlPlane();
  const [, wanted] = await record(controlPlane, {}, match);
  const { interceptions } = await controlPlane.admin(UsageService).listInterceptions(filter);
  expect(interceptions.map(({ interception }) => interception?.id)).toEqual([wanted]);
});

test("lists come only with include_records, ends always", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const usage = controlPlane.admin(UsageService);
  const [id = ""] = await record(controlPlane, {});
  await recorder.recordInterceptionEnded({ interceptionEnded: sampleEnd(id) });
  await recorder.recordTokenUsage({ tokenUsage: sampleTokenUsage(id) });
  await recorder.recordPromptUsage({ promptUsage: samplePrompt(id) });
  await recorder.recordToolUsage({ toolUsage: sampleToolUsage(id) });
  await recorder.recordModelThought({ modelThought: sampleThought(id) });

  const [plain] = (await usage.listInterceptions({})).interceptions;
  const [whole] = (await usage.listInterceptions({ includeRecords: true })).interceptions;

  expect(plain).toMatchObject({ tokenUsages: [], promptUsages: [], toolUsages: [], modelThoughts: [] });
  expect(plain?.ended?.interceptionId).toBe(id);
  expect(whole).toStrictEqual(await usage.getInterception({ id }));
  expect(whole?.modelThoughts).toHaveLength(1);
});

test("records of an interception come oldest first", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const [id = ""] = await record(controlPlane, {});
  for (const offset of [3, 1, 2]) {
    const createdAt = timestampFromMs(SAMPLE_TIME + offset);
    await recorder.recordPromptUsage({ promptUsage: samplePrompt(id, { prompt: `${offset}`, createdAt }) });
  }
  const { promptUsages } = await controlPlane.admin(UsageService).getInterception({ id });
  expect(promptUsages.map(({ prompt }) => prompt)).toEqual(["1", "2", "3"]);
});

test.each([{ pageSize: -1 }, { pageSize: 1001 }, { pageToken: "nonsense" }])(
  "page %o is refused",
  async (page) => {
    const usage = (await useControlPlane()).admin(UsageService);
    expect(await codeOf(usage.listInterceptions(page))).toBe(Code.InvalidArgument);
    expect(await codeOf(usage.listSessions(page))).toBe(Code.InvalidArgument);
  },
);

test("a token of one list is refused by another", async () => {
  const controlPlane = await useControlPlane();
  await record(controlPlane, {}, {});
  const usage = controlPlane.admin(UsageService);
  const { nextPageToken } = await usage.listInterceptions({ pageSize: 1 });
  expect(nextPageToken).not.toBe("");
  expect(await codeOf(usage.listSessions({ pageToken: nextPageToken }))).toBe(Code.InvalidArgument);
});

test("no interception with an id is NOT_FOUND, also when the id is none at all", async () => {
  const usage = (await useControlPlane()).admin(UsageService);
  expect(await codeOf(usage.getInterception({ id: "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c" }))).toBe(
    Code.NotFound,
  );
  expect(await codeOf(usage.getInterception({ id: "x" }))).toBe(Code.NotFound);
});

test("sessions: first and last use, count, paging, and nothing without a session", async () => {
  const controlPlane = await useControlPlane();
  await record(
    controlPlane,
    { clientSessionId: "a", ...startedAt(0) },
    { clientSessionId: "b", ...startedAt(1000) },
    { clientSessionId: "a", ...startedAt(2000) },
    { clientSessionId: "c", ...startedAt(1000) },
    { clientSessionId: undefined, ...startedAt(5000) },
  );
  const usage = controlPlane.admin(UsageService);

  const first = await usage.listSessions({ pageSize: 2 });
  const second = await usage.listSessions({ pageSize: 2, pageToken: first.nextPageToken });

  expect(first.sessions).toMatchObject([
    {
      clientSessionId: "a",
      client: "Claude Code",
      initiatorId: "alice",
      interceptions: 2n,
      firstStartedAt: timestampFromMs(SAMPLE_TIME),
      lastStartedAt: timestampFromMs(SAMPLE_TIME + 2000),
    },
    { clientSessionId: "c" },
  ]);
  expect(second.sessions).toMatchObject([{ clientSessionId: "b", interceptions: 1n }]);
  expect(second.nextPageToken).toBe("");
});

/** Two interceptions of alice on two days, one of bob: several token usages and several tool calls each. */
async function recordUsage(controlPlane: TestControlPlane): Promise<void> {
  const recorder = controlPlane.gateway(RecorderService);
  const [first = "", second = "", third = ""] = await record(
    controlPlane,
    { initiatorId: "alice", model: "a" },
    { initiatorId: "alice", model: "b", ...startedAt(DAY_MS) },
    { initiatorId: "bob", model: "a" },
  );
  const tokens = {
    inputTokens: 10n,
    outputTokens: 20n,
    cacheReadInputTokens: 30n,
    cacheWriteInputTokens: 40n,
  };
  for (const id of [first, first, second]) {
    await recorder.recordTokenUsage({ tokenUsage: sampleTokenUsage(id, tokens) });
  }
  for (const id of [first, first, first, third]) {
    await recorder.recordToolUsage({ toolUsage: sampleToolUsage(id) });
  }
}

test("sums are not multiplied by the number of tool calls, nor counts by the number of token usages", async () => {
  const controlPlane = await useControlPlane();
  await recordUsage(controlPlane);
  const { rows } = await controlPlane.admin(UsageService).summarizeUsage({});
  expect(rows).toMatchObject([
    {
      group: {},
      interceptions: 3n,
      inputTokens: 30n,
      outputTokens: 60n,
      cacheReadInputTokens: 90n,
      cacheWriteInputTokens: 120n,
      toolCalls: 4n,
    },
  ]);
});

test("a sum that no int64 holds is told as the largest one", async () => {
  const controlPlane = await useControlPlane();
  const recorder = controlPlane.gateway(RecorderService);
  const [id = ""] = await record(controlPlane, {});
  for (const inputTokens of [2n ** 63n - 1n, 1n]) {
    await recorder.recordTokenUsage({ tokenUsage: sampleTokenUsage(id, { inputTokens, outputTokens: 2n }) });
  }
  const { rows } = await controlPlane.admin(UsageService).summarizeUsage({});
  expect(rows).toMatchObject([
    { interceptions: 1n, inputTokens: 9_223_372_036_854_775_807n, outputTokens: 4n },
  ]);
});

test("groups are ordered by their values in the order asked for", async () => {
  const controlPlane = await useControlPlane();
  await recordUsage(controlPlane);
  const { ACTOR, DAY, MODEL, PROVIDER, CLIENT } = UsageDimension;
  const usage = controlPlane.admin(UsageService);

  const byActorAndModel = await usage.summarizeUsage({ groupBy: [ACTOR, MODEL] });
  expect(byActorAndModel.rows).toMatchObject([
    { group: { actor: "alice", model: "a" }, interceptions: 1n, inputTokens: 20n, toolCalls: 3n },
    { group: { actor: "alice", model: "b" }, interceptions: 1n, inputTokens: 10n, toolCalls: 0n },
    { group: { actor: "bob", model: "a" }, interceptions: 1n, inputTokens: 0n, toolCalls: 1n },
  ]);
  const byDay = await usage.summarizeUsage({ groupBy: [DAY, PROVIDER, CLIENT] });
  expect(byDay.rows).toMatchObject([
    { group: { day: "2026-11-22", provider: "anthropic-eu", client: "Claude Code" }, interceptions: 2n },
    { group: { day: "2026-11-23" }, interceptions: 1n, inputTokens: 10n },
  ]);
});

test("a summary honours its filters", async () => {
  const controlPlane = await useControlPlane();
  await recordUsage(controlPlane);
  const { rows } = await controlPlane.admin(UsageService).summarizeUsage({
    initiator: "alice",
    startedBefore: timestampFromMs(SAMPLE_TIME + DAY_MS),
  });
  expect(rows).toMatchObject([{ interceptions: 1n, inputTokens: 20n, toolCalls: 3n }]);
});

test("an unknown dimension is refused", async () => {
  const usage = (await useControlPlane()).admin(UsageService);
  const groupBy = [UsageDimension.UNSPECIFIED];
  expect(await codeOf(usage.summarizeUsage({ groupBy }))).toBe(Code.InvalidArgument);
});
