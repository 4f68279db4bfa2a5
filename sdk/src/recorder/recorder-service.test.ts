import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { RecordBody } from "./record-body.ts";
import { RejectRecord } from "./reject-record.ts";
import { Ledger } from "./test-support/ledger.ts";
import { oneOfEachKind, prompt } from "./test-support/sample-records.ts";
import { StreamClient, unknownKind } from "./test-support/stream-client.ts";
import { servers, useRecorder } from "./test-support/use-recorder.ts";

/** Throws for the prompts that ask for it. */
function obey({ value }: RecordBody): void {
  switch ("prompt" in value ? value.prompt : "") {
    case "reject":
      throw new RejectRecord("nobody wants it");
    case "too large":
      throw new ConnectError("too large", Code.OutOfRange);
    case "known":
      throw new ConnectError("I have it", Code.AlreadyExists);
    case "fail":
      throw new Error("secret of the database");
  }
}

describe.each(servers)("RecorderService on %s", (server) => {
  test("the unary methods call the six functions", async () => {
    const ledger = new Ledger();
    const { client } = await useRecorder(server, ledger);
    const sample = oneOfEachKind();
    await client.recordInterception({ interception: sample.interception });
    await client.recordInterceptionEnded({ interceptionEnded: sample.interceptionEnded });
    await client.recordTokenUsage({ tokenUsage: sample.tokenUsage });
    await client.recordPromptUsage({ promptUsage: sample.promptUsage });
    await client.recordToolUsage({ toolUsage: sample.toolUsage });
    await client.recordModelThought({ modelThought: sample.modelThought });
    expect(ledger.called).toEqual([
      "recordInterception",
      "recordInterceptionEnded",
      "recordTokenUsage",
      "recordPromptUsage",
      "recordToolUsage",
      "recordModelThought",
    ]);
    expect(Object.fromEntries(ledger.stored.map(({ case: kind, value }) => [kind, value]))).toEqual(sample);
  });

  test.each([
    ["reject", Code.InvalidArgument, "nobody wants it"],
    ["too large", Code.OutOfRange, "too large"],
    ["fail", Code.Unavailable, "the record could not be stored; send it again"],
  ])("a unary record whose function throws: %s", async (text, code, message) => {
    const failures: string[] = [];
    const onFailure = (error: unknown, name: string) => failures.push(`${name}: ${String(error)}`);
    const { client } = await useRecorder(server, new Ledger(obey), { onFailure });
    const call = client.recordPromptUsage({ promptUsage: prompt(text).value });
    await expect(call).rejects.toMatchObject({ code, rawMessage: message });
    const expected = code === Code.Unavailable ? ["recordPromptUsage: Error: secret of the database"] : [];
    expect(failures).toEqual(expected);
    await client.recordPromptUsage({ promptUsage: prompt("known").value });
    await expect(client.recordPromptUsage({})).rejects.toMatchObject({ code: Code.InvalidArgument });
  });

  test("batches are acknowledged in order, once their functions resolved", async () => {
    const stored = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const ledger = new Ledger(async ({ value }) => {
      if ("prompt" in value && value.prompt === "slow") {
        asked.resolve();
        await stored.promise;
      }
    });
    const { client } = await useRecorder(server, ledger);
    const stream = new StreamClient(client);
    stream.send();
    expect(await stream.next()).toEqual([0]);
    stream.send(prompt("slow"), prompt("a"));
    stream.send(prompt("b"));
    await asked.promise;
    const first = stream.next();
    expect(await Promise.race([first, "nothing yet"])).toBe("nothing yet");
    stored.resolve();
    expect(await first).toEqual([2]);
    expect(await stream.next()).toEqual([3]);
    stream.send();
    expect(await stream.next()).toEqual([3]);
    await stream.end();
    expect(ledger.prompts.toSorted()).toEqual(["a", "b", "slow"]);
  });

  test("what is rejected blocks nothing", async () => {
    const ledger = new Ledger(obey);
    const { client } = await useRecorder(server, ledger);
    const stream = new StreamClient(client);
    const invalid = prompt("no id");
    invalid.value.id = "7";
    stream.send(prompt("a"), prompt("reject"), unknownKind, prompt("too large"), invalid, prompt("known"));
    stream.send(prompt("b"));
    expect(await stream.next()).toEqual([
      6,
      "2 3 nobody wants it",
      "3 12 the kind of the record is not known to this recorder",
      "4 11 too large",
      "5 3 id must be a lower-case hyphenated UUID",
    ]);
    expect(await stream.next()).toEqual([7]);
    expect(ledger.prompts).toEqual(["a", "b"]);
  });

  test("a failure ends the stream, nothing from it on is acknowledged, and sending again works", async () => {
    let down = true;
    const ledger = new Ledger((record) => (down ? obey(record) : undefined));
    const { client } = await useRecorder(server, ledger);
    const stream = new StreamClient(client);
    stream.send(prompt("a"));
    expect(await stream.next()).toEqual([1]);
    const lost = [prompt("b"), prompt("fail"), prompt("c")];
    stream.send(...lost);
    stream.send(prompt("d"));
    await expect(stream.next()).rejects.toMatchObject({
      code: Code.Unavailable,
      rawMessage: "the record could not be stored; send it again",
    });

    down = false;
    const again = new StreamClient(client);
    again.send(...lost);
    expect(await again.next()).toEqual([3]);
    expect(ledger.prompts).toEqual(expect.arrayContaining(["a", "b", "c", "fail"]));
  });

  test.each([
    ["starts at 2", 2n],
    ["starts at 0", 0n],
  ])("a stream that %s fails", async (_, first) => {
    const ledger = new Ledger();
    const { client } = await useRecorder(server, ledger);
    const stream = new StreamClient(client);
    stream.sendNumbered(first, prompt("a"));
    await expect(stream.next()).rejects.toMatchObject({ code: Code.InvalidArgument });
    expect(ledger.called).toEqual([]);
  });

  test("a gap in the sequences fails the stream after what came before it", async () => {
    const { client } = await useRecorder(server, new Ledger());
    const stream = new StreamClient(client);
    stream.send(prompt("a"));
    stream.sendNumbered(3n, prompt("c"));
    expect(await stream.next()).toEqual([1]);
    const { code, rawMessage } = await stream.failure();
    expect([code, rawMessage]).toEqual([
      Code.InvalidArgument,
      expect.stringContaining("expected sequence 2, found 3"),
    ]);
  });

  test("records of a stream are stored in batches by recordBatch", async () => {
    const first = Promise.withResolvers<void>();
    const batches: string[][] = [];
    const { client } = await useRecorder(server, {
      recordBatch: async (records) => {
        batches.push(records.map(({ value }) => ("prompt" in value ? value.prompt : "")));
        if (batches.length === 1) await first.promise;
        records.forEach(obey);
      },
    });
    const stream = new StreamClient(client);
    stream.send(prompt("a"), prompt("b"));
    await expect.poll(() => batches).toEqual([["a", "b"]]);
    stream.send(prompt("c"));
    stream.send(prompt("d"), prompt("reject"));
    const unary = client.recordPromptUsage({ promptUsage: prompt("e").value });
    first.resolve();
    expect([await stream.next(), await stream.next(), await stream.next()]).toEqual([
      [2],
      [3],
      [5, "5 3 nobody wants it"],
    ]);
    await unary;
    await stream.end();
  });

  test("a function that does not resolve in time has failed", async () => {
    const { client } = await useRecorder(server, new Ledger(() => new Promise(() => undefined)), {
      timeoutMs: 20,
    });
    const stream = new StreamClient(client);
    stream.send(prompt("a"));
    expect((await stream.failure()).code).toBe(Code.Unavailable);
  });

  test("a stream that the client gives up stops", async () => {
    const ledger = new Ledger();
    const { client } = await useRecorder(server, ledger);
    const over = new AbortController();
    const endless = async function* () {
      yield { records: [{ sequence: 1n, record: prompt("a") }] };
      await new Promise(() => undefined);
    };
    const responses = client.streamRecords(endless(), { signal: over.signal })[Symbol.asyncIterator]();
    await responses.next();
    over.abort();
    await expect(responses.next()).rejects.toMatchObject({ code: Code.Canceled });
    await client.recordPromptUsage({ promptUsage: prompt("b").value });
    expect(ledger.prompts).toEqual(["a", "b"]);
  });
});
