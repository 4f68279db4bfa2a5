import { RecorderService } from "@aibridge/proto";
import { API_VERSION_HEADER } from "@aibridge/proto/channel";
import { type Client, Code, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createRecorderClient } from "../clients/index.ts";
import { Ledger } from "./test-support/ledger.ts";
import { oneOfEachKind, prompt } from "./test-support/sample-records.ts";
import { StreamClient } from "./test-support/stream-client.ts";
import { gatewayKey, servers, useRecorder } from "./test-support/use-recorder.ts";

/** Calls with exactly the given headers. */
function clientWith(url: string, headers: Readonly<Record<string, string>>): Client<typeof RecorderService> {
  const withHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
  return createClient(RecorderService, createGrpcTransport({ baseUrl: url, interceptors: [withHeaders] }));
}

async function codesOf(client: Client<typeof RecorderService>): Promise<(Code | "ok")[]> {
  const codeOf = (call: Promise<unknown>) =>
    call.then(
      () => "ok" as const,
      (error: { code: Code }) => error.code,
    );
  const noBatches = async function* () {
    yield { records: [] };
  };
  return [
    await codeOf(client.recordPromptUsage({ promptUsage: prompt("a").value })),
    await codeOf(client.streamRecords(noBatches())[Symbol.asyncIterator]().next()),
  ];
}

describe.each(servers)("who may call RecorderService on %s", (server) => {
  const authorization = `Bearer ${gatewayKey}`;

  test.each<[string, Readonly<Record<string, string>>, Code | "ok"]>([
    ["no key", {}, Code.Unauthenticated],
    ["another key", { authorization: `Bearer ${gatewayKey}x` }, Code.Unauthenticated],
    ["the key alone", { authorization }, "ok"],
    ["this version", { authorization, [API_VERSION_HEADER]: "1.0" }, "ok"],
    ["a newer minor version", { authorization, [API_VERSION_HEADER]: "1.1" }, Code.FailedPrecondition],
    ["another major version", { authorization, [API_VERSION_HEADER]: "2.0" }, Code.FailedPrecondition],
  ])("%s", async (_, headers, code) => {
    const ledger = new Ledger();
    const { url } = await useRecorder(server, ledger);
    expect(await codesOf(clientWith(url, headers))).toEqual([code, code]);
    expect(ledger.called).toHaveLength(code === "ok" ? 1 : 0);
  });

  test("a function that looks keys up names the gateway", async () => {
    const ledger = new Ledger();
    const { client, url } = await useRecorder(server, ledger, {
      keys: async (key) => (key === gatewayKey ? { gatewayId: "eu-1" } : undefined),
    });
    const { interception } = oneOfEachKind();
    await client.recordInterception({ interception });
    expect(ledger.stored[0]?.value).toEqual({ ...interception, gatewayId: "eu-1" });
    const stranger = createRecorderClient({ url, gatewayKey: "another-key-0123456789-0123456789" });
    expect(await codesOf(stranger)).toEqual([Code.Unauthenticated, Code.Unauthenticated]);
  });

  test("keys that cannot be looked up are no reason to refuse for good", async () => {
    const failures: string[] = [];
    const { client } = await useRecorder(server, new Ledger(), {
      keys: () => Promise.reject(new Error("no database")),
      onFailure: (error, name) => failures.push(`${name}: ${String(error)}`),
    });
    expect(await codesOf(client)).toEqual([Code.Unavailable, Code.Unavailable]);
    expect(failures).toEqual(["keys: Error: no database", "keys: Error: no database"]);
  });

  test("a key that is revoked ends a stream that goes on", async () => {
    let revoked = false;
    const ledger = new Ledger();
    const { client } = await useRecorder(server, ledger, { keys: () => (revoked ? undefined : {}) });
    const stream = new StreamClient(client);
    stream.send(prompt("a"));
    expect(await stream.next()).toEqual([1]);
    revoked = true;
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now + 30_001);
    onTestFinished(() => clock.mockRestore());
    stream.send(prompt("b"));
    expect((await stream.failure()).code).toBe(Code.Unauthenticated);
    expect(ledger.prompts).toEqual(["a"]);
  });

  test.each([[[]], [["too-short"]]])("the keys %j are refused at the start", async (keys) => {
    await expect(useRecorder(server, new Ledger(), { keys })).rejects.toThrow("32 characters");
  });
});
