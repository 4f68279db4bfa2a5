import {
  type GetInterceptionResponse,
  InterceptionOutcome,
  RecorderService,
  UsageDimension,
  UsageService,
} from "@aibridge/proto";
import { uuidv7 } from "@aibridge/proto/channel";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { DATABASES, stopMariaDbAfterAll } from "./test-support/databases.ts";
import { type AnyRecord, Batches, codeOf, collect, sendAll } from "./test-support/record-batches.ts";
import {
  sampleEnd,
  sampleInterception,
  samplePrompt,
  sampleThought,
  sampleTokenUsage,
  sampleToolUsage,
} from "./test-support/sample-records.ts";
import { type TestControlPlane, useControlPlane } from "./test-support/use-control-plane.ts";

stopMariaDbAfterAll();

const KEYS = { gatewayKey: "g".repeat(32), adminKey: "a".repeat(32) };
const INTERCEPTIONS = 20;
const KINDS = 6;
const NOON_MS = Date.UTC(2026, 10, 22, 12);
const LAST_SECOND_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** One record of each kind, the last ones first. */
function recordsOf(interceptionId: string): AnyRecord[] {
  return [
    { case: "interceptionEnded", value: sampleEnd(interceptionId) },
    { case: "tokenUsage", value: sampleTokenUsage(interceptionId) },
    { case: "toolUsage", value: sampleToolUsage(interceptionId) },
    { case: "modelThought", value: sampleThought(interceptionId) },
    { case: "promptUsage", value: samplePrompt(interceptionId) },
    { case: "interception", value: sampleInterception({ id: interceptionId }) },
  ];
}

/** Sends batches over one stream, again from the start when the database was busy, as a data plane does. */
async function stream(controlPlane: TestControlPlane, batches: readonly (readonly AnyRecord[])[]) {
  await eventually(async () => {
    const numbered = new Batches();
    const requests = sendAll(...batches.map((records) => numbered.next(records)));
    const answers = collect(controlPlane.gateway(RecorderService).streamRecords(requests));
    const code = await codeOf(answers);
    expect([undefined, Code.Unavailable]).toContain(code);
    if (code !== undefined) return undefined;
    expect((await answers).flatMap(({ rejected }) => rejected)).toEqual([]);
    return true;
  }, 20_000);
}

/** Sends one record by its own method, again when the database was busy. */
async function call(controlPlane: TestControlPlane, record: AnyRecord) {
  const recorder = controlPlane.gateway(RecorderService);
  const { case: kind, value } = record;
  if (kind === undefined) throw new TypeError("a record of no kind");
  const method = `record${kind[0]?.toUpperCase()}${kind.slice(1)}` as "recordInterception";
  await eventually(async () => {
    const code = await codeOf(recorder[method]({ [kind]: value }));
    expect([undefined, Code.Unavailable]).toContain(code);
    return code === undefined || undefined;
  }, 20_000);
}

function counts(stored: GetInterceptionResponse) {
  const { tokenUsages, promptUsages, toolUsages, modelThoughts } = stored;
  const lists = [tokenUsages, promptUsages, toolUsages, modelThoughts];
  return { ended: stored.ended !== undefined, lists: lists.map((list) => list.length) };
}

describe.each(DATABASES)("on $name", ({ make }) => {
  async function useOne() {
    const controlPlane = await useControlPlane({ database: (await make()).address, ...KEYS });
    return { controlPlane, usage: controlPlane.admin(UsageService) };
  }

  test("the same records twice in a batch, in the next one, through another control plane and by calls are stored once", async () => {
    const { address: database } = await make();
    const one = await useControlPlane({ database, ...KEYS });
    const two = await useControlPlane({ database, ...KEYS });
    const ids = Array.from({ length: INTERCEPTIONS }, () => uuidv7());
    const records = ids.flatMap(recordsOf);

    await Promise.all([
      stream(one, [[...records, ...records], records]),
      stream(two, [records.toReversed(), records]),
      ...records.slice(0, KINDS).flatMap((record) => [call(one, record), call(two, record)]),
    ]);

    const usage = two.admin(UsageService);
    for (const id of ids) {
      expect(counts(await usage.getInterception({ id }))).toEqual({ ended: true, lists: [1, 1, 1, 1] });
    }
    const { rows } = await usage.summarizeUsage({});
    expect(rows).toMatchObject([{ interceptions: BigInt(INTERCEPTIONS), toolCalls: BigInt(INTERCEPTIONS) }]);
  }, 60_000);

  test("of two records with one id the first stays, whatever the second says", async () => {
    const { controlPlane, usage } = await useOne();
    const id = uuidv7();
    const first = recordsOf(id);
    const second = first.map(({ case: kind, value }) => ({
      case: kind,
      value: { ...value, ...{ model: "other", prompt: "other", content: "other", input: "other" } },
    })) as AnyRecord[];
    await stream(controlPlane, [first]);
    const stored = await usage.getInterception({ id });
    await stream(controlPlane, [second]);
    await stream(controlPlane, [
      [{ case: "interceptionEnded", value: sampleEnd(id, { outcome: InterceptionOutcome.FAILED }) }],
    ]);
    expect(await usage.getInterception({ id })).toEqual(stored);
  });

  test("records before their interception, and an end before its start, are kept for it", async () => {
    const { controlPlane, usage } = await useOne();
    const id = uuidv7();
    const records = recordsOf(id);
    for (const record of records) {
      expect(await codeOf(usage.getInterception({ id }))).toBe(Code.NotFound);
      await stream(controlPlane, [[record]]);
    }
    expect(counts(await usage.getInterception({ id }))).toEqual({ ended: true, lists: [1, 1, 1, 1] });
  });

  test("clocks that are wrong by centuries, or disagree with the ids, lose nothing", async () => {
    const { controlPlane, usage } = await useOne();
    const skewed = [
      { id: uuidv7(), ms: 0 },
      { id: uuidv7(), ms: LAST_SECOND_MS },
      { id: `00000000-0001-7${uuidv7().slice(15)}`, ms: NOON_MS },
      { id: `ffffffff-ffff-7${uuidv7().slice(15)}`, ms: NOON_MS + 1 },
    ];
    for (const { id, ms } of skewed) {
      const startedAt = timestampFromMs(ms);
      await stream(controlPlane, [
        [
          { case: "interception", value: sampleInterception({ id, startedAt }) },
          { case: "tokenUsage", value: sampleTokenUsage(id, { createdAt: timestampFromMs(0) }) },
          { case: "interceptionEnded", value: sampleEnd(id, { endedAt: timestampFromMs(0) }) },
        ],
      ]);
    }
    const pages: string[] = [];
    for (let pageToken = "", more = true; more; more = pageToken !== "") {
      const page = await usage.listInterceptions({ pageSize: 1, pageToken, includeRecords: true });
      for (const row of page.interceptions) {
        expect(counts(row)).toEqual({ ended: true, lists: [1, 0, 0, 0] });
        pages.push(row.interception?.id ?? "");
      }
      pageToken = page.nextPageToken;
    }
    expect(pages).toEqual(skewed.toSorted((a, b) => b.ms - a.ms).map(({ id }) => id));
    const { rows } = await usage.summarizeUsage({ groupBy: [UsageDimension.DAY] });
    expect(rows.map(({ group, interceptions }) => [group.day, interceptions])).toEqual([
      ["1970-01-01", 1n],
      ["2026-11-22", 2n],
      ["9999-12-31", 1n],
    ]);
  });
});
