import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { pinnedDefinition } from "./tool-pins-definition.ts";
import { type PinTools, pinByService, pinByServiceOrHere } from "./tool-pins-service.ts";

const server = { name: "wiki", url: "https://wiki.example/mcp" };

function define(name: string, description: string) {
  const defined = pinnedDefinition({ name, description, inputSchema: { type: "object" } });
  if (defined === undefined) throw new Error("no definition");
  return defined;
}

/** What waits of these, by name and description. */
async function waiting(pin: PinTools, ...definitions: ReturnType<typeof define>[]): Promise<string[]> {
  const digests = await pin(server, definitions);
  return definitions
    .filter(({ sha256 }) => digests.has(Buffer.from(sha256).toString("hex")))
    .map(({ name, definition }) => `${name} ${JSON.parse(definition).description}`);
}

const unserved: PinTools = () => Promise.reject(new ConnectError("not served", Code.Unimplemented));

test("a long list is sent in calls of bounded size, and their answers are one", async () => {
  const calls: { count: number; bytes: number }[] = [];
  const pin = pinByService({
    pinTools: async ({ tools = [] }: { tools?: { sha256?: Uint8Array; definition?: string }[] }) => {
      const bytes = tools.reduce((sum, { definition = "" }) => sum + Buffer.byteLength(definition), 0);
      calls.push({ count: tools.length, bytes });
      return { waitingSha256: tools.slice(-1).map(({ sha256 }) => sha256) };
    },
  } as unknown as Parameters<typeof pinByService>[0]);
  const short = Array.from({ length: 600 }, (_, index) => define(`short-${index}`, ""));
  const long = Array.from({ length: 100 }, (_, index) => define(`long-${index}`, "é".repeat(40_000)));
  const digests = await pin(server, [...short, ...long]);
  expect(calls.reduce((sum, { count }) => sum + count, 0)).toBe(700);
  for (const { count, bytes } of calls) {
    expect(count).toBeLessThanOrEqual(250);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024);
  }
  expect(digests.size).toBe(calls.length);
  expect(digests).toContain(Buffer.from(long.at(-1)?.sha256 ?? []).toString("hex"));
});

test("where nobody remembers, the first definition of a tool stays the approved one; it is told once", async () => {
  let told = 0;
  let asked = 0;
  const pin = pinByServiceOrHere(
    (...args) => {
      asked++;
      return unserved(...args);
    },
    () => told++,
  );
  expect(await waiting(pin, define("read", "1"), define("write", "1"), define("read", "2"))).toEqual([
    "read 2",
  ]);
  expect(await waiting(pin, define("read", "3"), define("write", "1"), define("say", "1"))).toEqual([
    "read 3",
  ]);
  expect(await waiting(pin, define("read", "1"))).toEqual([]);
  expect({ told, asked }).toEqual({ told: 1, asked: 1 });
  const elsewhere = await pin({ ...server, url: "https://other.example" }, [define("read", "3")]);
  expect(elsewhere.size).toBe(0);
});

test("where nobody remembers, of two definitions at once one is the first", async () => {
  const pin = pinByServiceOrHere(unserved, () => undefined);
  // The second time nobody is asked any more.
  for (const name of ["read", "say"]) {
    const both = ["1", "2"].map((says) => waiting(pin, define(name, says)));
    expect(await Promise.all(both)).toEqual([[], [`${name} 2`]]);
  }
});

test("where nobody remembers, no server washes out what is known of its tools or of another's", async () => {
  const pin = pinByServiceOrHere(unserved, () => undefined);
  const other = { ...server, name: "other" };
  expect(await waiting(pin, define("read", "1"))).toEqual([]);
  await pin(other, [define("read", "1")]);
  for (let list = 0; list < 55; list++)
    await pin(
      server,
      Array.from({ length: 2_000 }, (_, index) => define(`${list}-${index}`, "")),
    );
  expect(await waiting(pin, define("read", "2"), define("one more", ""))).toEqual(["read 2", "one more "]);
  expect((await pin(other, [define("read", "2"), define("say", "1")])).size).toBe(1);
});

test("what a service approved counts when it does not remember any more", async () => {
  let serve = true;
  const pin = pinByServiceOrHere(
    async (...args) => (serve ? new Set() : unserved(...args)),
    () => undefined,
  );
  await waiting(pin, define("read", "1"));
  await waiting(pin, define("read", "2"));
  serve = false;
  expect(await waiting(pin, define("read", "1"), define("read", "2"), define("read", "3"))).toEqual([
    "read 3",
  ]);
});

test("every other failure of the service is one", async () => {
  const away: PinTools = () => Promise.reject(new ConnectError("away", Code.Unavailable));
  const pin = pinByServiceOrHere(away, () => undefined);
  await expect(waiting(pin, define("read", "1"))).rejects.toThrow("away");
});
