import { DatabaseSync } from "node:sqlite";
import { uuidv7 } from "@aibridge/proto/channel";
import { describe, expect, test } from "vitest";
import type { Interception, ValidRecord } from "../domain/records.ts";
import { DATABASES, mariaDb, stopMariaDbAfterAll, useStore } from "../test-support/databases.ts";
import { endRecord, startRecord, tokenUsageRecord, toolUsageRecord } from "../test-support/stored-records.ts";
import { useFolder } from "../test-support/use-control-plane.ts";

stopMariaDbAfterAll();

/** The records of an interception whose answers have these ids, in order. */
function answered(messageIds: readonly string[], changes: Partial<Interception> = {}): ValidRecord[] {
  const start = startRecord({ providerName: "openai", ...changes });
  const { id: interceptionId } = start.value;
  const usages = messageIds.map((messageId, index) =>
    tokenUsageRecord({ interceptionId, messageId, createdAt: BigInt(index) }),
  );
  return [start, ...usages, endRecord({ interceptionId })];
}

function calls(
  [start]: readonly ValidRecord[],
  messageId: string,
  ...errors: readonly (string | null)[]
): ValidRecord[] {
  const interceptionId = start?.value.id ?? "";
  return errors.map((invocationError, index) =>
    toolUsageRecord({
      interceptionId,
      messageId,
      toolCallId: `call_${index}`,
      invocationError,
      createdAt: BigInt(index),
    }),
  );
}

describe.each(DATABASES)("$name", ({ make }) => {
  async function useFinder() {
    const store = useStore(await make());
    await store.migrate();
    return {
      save: (...records: readonly ValidRecord[]) => store.records.save(records),
      find: (messageId: string, whose: { initiatorId?: string; providerName?: string } = {}) =>
        store.messages.findLast({ initiatorId: "alice", providerName: "openai", messageId, ...whose }),
    };
  }

  test("any answer of an interception leads to its last one", async () => {
    const { save, find } = await useFinder();
    await save(...answered(["resp_1", "resp_2", "resp_3"]), ...answered(["resp_other"]));
    for (const id of ["resp_1", "resp_2", "resp_3"]) {
      expect(await find(id)).toEqual({ messageId: "resp_3", pendingCallIds: [] });
    }
  });

  test("answers of one microsecond are told apart by their records' ids", async () => {
    const { save, find } = await useFinder();
    const [start, first, last, end] = answered(["resp_1", "resp_2"]) as [ValidRecord, ...ValidRecord[]];
    for (const record of [first, last]) if (record?.kind === "token_usage") record.value.createdAt = 5n;
    await save(last as ValidRecord, end as ValidRecord, first as ValidRecord, start);
    expect((await find("resp_1"))?.messageId).toBe("resp_2");
  });

  test("calls of the last answer that were not run are told, in order, and no others", async () => {
    const { save, find } = await useFinder();
    const records = answered(["resp_1", "resp_2"]);
    const own = toolUsageRecord({
      interceptionId: records[0]?.value.id ?? "",
      messageId: "resp_2",
      toolCallId: "call_of_the_client",
      injected: false,
      invocationError: "not_run_mixed_turn",
    });
    await save(
      ...records,
      ...calls(records, "resp_1", "not_run_mixed_turn"),
      ...calls(records, "resp_2", "not_run_mixed_turn", null, "timeout", "not_run_turn_limit", "notXrunX"),
      own,
    );
    expect(await find("resp_1")).toEqual({ messageId: "resp_2", pendingCallIds: ["call_0", "call_3"] });
  });

  test("messages of other actors and other providers are not found, nor unknown ones", async () => {
    const { save, find } = await useFinder();
    await save(...answered(["resp_1"]));
    expect(await find("resp_1", { initiatorId: "bob" })).toBeUndefined();
    expect(await find("resp_1", { initiatorId: "alice " })).toBeUndefined();
    expect(await find("resp_1", { providerName: "openai-eu" })).toBeUndefined();
    for (const id of ["resp_2", "resp_1 ", "RESP_1", "resp_", "\u0000", "\u{1f600}".repeat(512)]) {
      expect(await find(id)).toBeUndefined();
    }
  });

  test("an interception is found once it has started and ended", async () => {
    const { save, find } = await useFinder();
    const [start, usage, end] = answered(["resp_1"]) as [ValidRecord, ValidRecord, ValidRecord];
    await save(usage, end);
    expect(await find("resp_1")).toBeUndefined();
    await save(start);
    expect((await find("resp_1"))?.messageId).toBe("resp_1");
    await save(...answered(["resp_2"]).slice(0, 2));
    expect(await find("resp_2")).toBeUndefined();
  });

  test("of interceptions with the same id of a message the newest counts", async () => {
    const { save, find } = await useFinder();
    await save(...answered(["resp_1", "resp_2"]), ...answered(["resp_1", "resp_3"]));
    await save(...answered(["resp_1", "resp_4"], { initiatorId: "bob" }));
    expect((await find("resp_1"))?.messageId).toBe("resp_3");
  });

  test("an id that a server gives all its answers leads nowhere", async () => {
    const { save, find } = await useFinder();
    await save(...Array.from({ length: 101 }, () => answered(["resp_1"])).flat());
    expect(await find("resp_1")).toBeUndefined();
  });

  test("an answer without an id is none to go on from", async () => {
    const { save, find } = await useFinder();
    await save(...answered(["resp_1", ""]));
    expect(await find("resp_1")).toBeUndefined();
  });

  test("ids of any length are told apart", async () => {
    const { save, find } = await useFinder();
    const long = "x".repeat(1023);
    await save(...answered([`${long}a`, "resp_2"]), ...answered([`${long}b`, "resp_3"]));
    expect((await find(`${long}b`))?.messageId).toBe("resp_3");
    expect(await find(long)).toBeUndefined();
  });
});

describe("a look-up goes by the index", () => {
  const lookUp =
    "select interception_id, message_id from aibridge_token_usages where message_id = 'resp_1' limit 101";

  test("on SQLite", async () => {
    const file = `${useFolder()}/aibridge.db`;
    await useStore({ address: `sqlite:${file}` }).migrate();
    const database = new DatabaseSync(file, { readOnly: true });
    const [step] = database.prepare(`explain query plan ${lookUp}`).all();
    database.close();
    expect(step?.detail).toContain("USING INDEX aibridge_token_usages_message_id ");
  });

  test("on MariaDB", async () => {
    const address = await (await mariaDb()).database("explained");
    const store = useStore({ address });
    await store.migrate();
    await store.records.save(Array.from({ length: 500 }, () => tokenUsageRecord({ messageId: uuidv7() })));
    const [step] = await (await mariaDb()).query("explained", `explain ${lookUp}`);
    expect(step).toMatchObject({ key: "aibridge_token_usages_message_id", type: "ref" });
  });
});
