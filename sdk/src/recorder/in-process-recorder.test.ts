import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { inProcessRecorder } from "./in-process-recorder.ts";
import { RejectRecord } from "./reject-record.ts";
import { Ledger } from "./test-support/ledger.ts";
import { oneOfEachKind, prompt } from "./test-support/sample-records.ts";

test("the six functions reach those of the host, which throw as they like", async () => {
  const ledger = new Ledger(({ value }) => {
    if ("prompt" in value && value.prompt === "fail") throw new TypeError("a bug");
  });
  const recorder = inProcessRecorder(ledger);
  const sample = oneOfEachKind();
  await recorder.recordInterception(sample.interception);
  await recorder.recordInterceptionEnded(sample.interceptionEnded);
  await recorder.recordTokenUsage(sample.tokenUsage);
  await recorder.recordPromptUsage(sample.promptUsage);
  await recorder.recordToolUsage(sample.toolUsage);
  await recorder.recordModelThought(sample.modelThought);
  expect(Object.fromEntries(ledger.stored.map(({ case: kind, value }) => [kind, value]))).toEqual(sample);
  await expect(recorder.recordPromptUsage(prompt("fail").value)).rejects.toThrow(new TypeError("a bug"));
});

test("an invalid record is rejected without asking the host", async () => {
  const ledger = new Ledger();
  const { tokenUsage } = oneOfEachKind();
  const call = inProcessRecorder(ledger).recordTokenUsage({ ...tokenUsage, outputTokens: -1n });
  await expect(call).rejects.toMatchObject({ code: Code.InvalidArgument });
  expect(ledger.called).toEqual([]);
});

test("no more records are handed to the six functions at once than asked for", async () => {
  const stored: (() => void)[] = [];
  const ledger = new Ledger(() => new Promise<void>((resolve) => stored.push(resolve)));
  const recorder = inProcessRecorder(ledger, { concurrency: 2 });
  const calls = ["a", "b", "c"].map((text) => recorder.recordPromptUsage(prompt(text).value));
  await expect.poll(() => stored.length).toBe(2);
  stored[0]?.();
  await calls[0];
  await expect.poll(() => stored.length).toBe(3);
  stored[1]?.();
  stored[2]?.();
  await Promise.all(calls);
  expect(ledger.prompts).toEqual(["a", "b", "c"]);
});

test("of a batch with rejected records the others are stored, in order", async () => {
  const tables: string[] = [];
  let transactions = 0;
  const recorder = inProcessRecorder({
    recordBatch: (records) => {
      transactions += 1;
      const texts = records.map(({ value }) => ("prompt" in value ? value.prompt : ""));
      if (texts.includes("wrong")) throw new RejectRecord("it is wrong");
      tables.push(...texts);
    },
  });
  const texts = [...Array(100).keys()].map((index) => (index === 30 || index === 77 ? "wrong" : `${index}`));
  const results = await Promise.allSettled(
    texts.map(async (text) => recorder.recordPromptUsage(prompt(text).value)),
  );
  expect(tables).toEqual(texts.filter((text) => text !== "wrong"));
  expect(results.flatMap(({ status }, index) => (status === "rejected" ? index : []))).toEqual([30, 77]);
  // Two records among a hundred are found by halving, not one by one.
  expect(transactions).toBeLessThan(35);
});

test("a record that is stored already keeps no other one of its batch from being stored", async () => {
  const stored = new Set(["b"]);
  const recorder = inProcessRecorder({
    recordBatch: (records) => {
      const texts = records.map(({ value }) => ("prompt" in value ? value.prompt : ""));
      if (texts.some((text) => stored.has(text))) throw new ConnectError("duplicate", Code.AlreadyExists);
      for (const text of texts) stored.add(text);
    },
  });
  await Promise.all(["a", "b", "c"].map((text) => recorder.recordPromptUsage(prompt(text).value)));
  expect([...stored].toSorted()).toEqual(["a", "b", "c"]);
});

test("a batch that fails otherwise is given back whole", async () => {
  const failures: string[] = [];
  const recorder = inProcessRecorder(
    {
      recordBatch: () => {
        throw new Error("locked");
      },
    },
    { onFailure: (_, name) => failures.push(name) },
  );
  const calls = ["a", "b"].map(async (text) => recorder.recordPromptUsage(prompt(text).value));
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(failures).toEqual(["recordBatch"]);
});
