import { request as httpRequest, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import type { Delivery } from "./delivery.ts";
import { readEvents } from "./read-events.ts";
import { type ScriptedProvider, startScriptedProvider } from "./scripted-provider.ts";

async function providerThatDelivers(delivery: Delivery): Promise<ScriptedProvider> {
  const provider = await startScriptedProvider({
    script: () => ({ id: "msg_1", content: "Hello, streamed world", delivery }),
  });
  onTestFinished(() => provider.close());
  return provider;
}

/** Asks for a stream with plain node:http, to see each chunk as it was sent. */
function ask(provider: ScriptedProvider, stream = true): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest(`${provider.url}/v1/messages`, { method: "POST" }, resolve);
    asking.once("error", reject);
    asking.end(JSON.stringify({ model: "m", stream }));
  });
}

/** Each chunk as it was sent: an async iterator would join those that have arrived together. */
function readChunks(response: IncomingMessage): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.once("end", () => resolve(chunks));
    response.once("error", reject);
  });
}

async function restOf(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  const rest: Buffer[] = [];
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) rest.push(next.value);
  return Buffer.concat(rest);
}

/** What arrives before the stream breaks. */
async function readUntilBroken(response: IncomingMessage): Promise<{ body: string; broken: boolean }> {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  const broken = await new Promise<boolean>((resolve) => {
    response.once("error", () => resolve(true));
    response.once("end", () => resolve(false));
  });
  return { body: Buffer.concat(chunks).toString(), broken };
}

async function wholeBody(): Promise<Buffer> {
  const provider = await providerThatDelivers({});
  return Buffer.concat(await readChunks(await ask(provider)));
}

test("each event is a chunk of its own", async () => {
  const provider = await providerThatDelivers({});
  const chunks = await readChunks(await ask(provider));
  expect(chunks.map((chunk) => readEvents(chunk.toString()).length)).toEqual(chunks.map(() => 1));
  expect(provider.requests[0]?.state).toBe("finished");
  expect(provider.totals.answers).toBe(1);
});

test("a stream can be cut every n bytes and at given offsets without changing it", async () => {
  const whole = await wholeBody();
  const everyByte = await readChunks(await ask(await providerThatDelivers({ cutEvery: 1 })));
  expect(everyByte.every((chunk) => chunk.length === 1)).toBe(true);
  expect(Buffer.concat(everyByte)).toEqual(whole);
  const cutTwice = await readChunks(await ask(await providerThatDelivers({ cutAt: [10, 25] })));
  expect(cutTwice.map((chunk) => chunk.length)).toEqual([10, 15, whole.length - 25]);
});

test("a delay is kept before the headers and before each piece", async () => {
  const provider = await providerThatDelivers({ headersDelay: 30, delay: 10 });
  const began = performance.now();
  const response = await ask(provider);
  const headersAfter = performance.now() - began;
  const chunks = await readChunks(response);
  // Timers may fire up to a millisecond early by this clock.
  expect(headersAfter).toBeGreaterThanOrEqual(29);
  expect(performance.now() - began).toBeGreaterThanOrEqual(29 + chunks.length * 9);
});

test("a stall lasts until it is lifted", async () => {
  const lifted = Promise.withResolvers<void>();
  const provider = await providerThatDelivers({ stall: { afterEvents: 2, until: lifted.promise } });
  const response = await ask(provider);
  const chunks = response[Symbol.asyncIterator]();
  const first = (await chunks.next()).value as Buffer;
  expect(provider.requests[0]?.state).toBe("open");
  lifted.resolve();
  expect(Buffer.concat([first, await restOf(chunks)])).toEqual(await wholeBody());
});

test("a stall without end lasts until the client leaves", async () => {
  const provider = await providerThatDelivers({ stall: { afterBytes: 5 } });
  const response = await ask(provider);
  await new Promise((resolve) => response.once("data", resolve));
  response.once("error", () => {});
  response.destroy();
  const request = await provider.waitFor(({ state }) => state !== "open");
  expect(request.state).toBe("aborted");
  expect(await request.closed).toBe("aborted");
  expect(provider.totals.answers).toBe(0);
});

test.each<[string, Delivery, boolean]>([
  ["ends cleanly after events", { truncate: { afterEvents: 3 } }, false],
  ["ends cleanly after bytes", { truncate: { afterBytes: 30 } }, false],
  ["is reset after bytes", { truncate: { afterBytes: 30, ending: "reset" } }, true],
])("a truncated stream %s", async (_how, delivery, broken) => {
  const provider = await providerThatDelivers(delivery);
  const whole = (await wholeBody()).toString();
  const seen = await readUntilBroken(await ask(provider));
  expect(seen.broken).toBe(broken);
  expect(whole.startsWith(seen.body)).toBe(true);
  const { afterEvents, afterBytes } = delivery.truncate ?? {};
  if (afterEvents !== undefined) expect(readEvents(seen.body)).toHaveLength(afterEvents);
  else expect(seen.body).toHaveLength(afterBytes ?? 0);
  const request = await provider.waitFor(({ state }) => state !== "open");
  expect(request.state).toBe("truncated");
  expect(provider.totals.answers).toBe(0);
});

test("a truncated document ends cleanly too, although it is not complete", async () => {
  const provider = await providerThatDelivers({ truncate: { afterBytes: 12 } });
  const seen = await readUntilBroken(await ask(provider, false));
  expect(seen).toMatchObject({ broken: false });
  expect(seen.body).toHaveLength(12);
});

test("a connection can be dropped before the headers", async () => {
  const provider = await providerThatDelivers({ dropBeforeHeaders: true });
  await expect(ask(provider)).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("an encoded stream is flushed event by event", async () => {
  const lifted = Promise.withResolvers<void>();
  const provider = await providerThatDelivers({
    encoding: "gzip",
    stall: { afterEvents: 1, until: lifted.promise },
  });
  const response = await ask(provider);
  expect(response.headers["content-encoding"]).toBe("gzip");
  const chunks = response[Symbol.asyncIterator]();
  const first = (await chunks.next()).value as Buffer;
  expect(first.length).toBeGreaterThan(0);
  lifted.resolve();
  expect(gunzipSync(Buffer.concat([first, await restOf(chunks)]))).toEqual(await wholeBody());
});

test("a document has its length, unless it is to be cut", async () => {
  const whole = await ask(await providerThatDelivers({}), false);
  expect(Number(whole.headers["content-length"])).toBe(Buffer.concat(await readChunks(whole)).length);
  const cut = await ask(await providerThatDelivers({ cutEvery: 7 }), false);
  expect(cut.headers).not.toHaveProperty("content-length");
  expect((await readChunks(cut)).every((chunk) => chunk.length <= 7)).toBe(true);
});
