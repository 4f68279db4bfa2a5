import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ActorService, type Config, ConfigService, RecorderService } from "@aibridge/proto";
import { readConfigObject } from "@aibridge/proto/config-file";
import { type ScriptedProvider, startScriptedProvider } from "@aibridge/sdk/testing";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { aibridge } from "../support/aibridge-process.ts";
import { eventually } from "../support/eventually.ts";
import { type HostProtocol, startHostServer } from "../support/host-services.ts";
import { apiCases } from "../support/requests.ts";
import { gatewayKey, useDataPlane } from "../support/use-data-plane.ts";

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
});
afterEach(() => provider.close());

function configFor(name: string) {
  return { providers: [{ name, type: "anthropic", base_url: provider.url, keys: ["sk-0123456789"] }] };
}

/** A host's recorder with the six unary methods alone. */
function unaryRecorder(records: string[]) {
  const stored = (kind: string) => () => {
    records.push(kind);
    return {};
  };
  return ({ service }: ConnectRouter) => {
    service(RecorderService, {
      recordInterception: ({ interception }) => stored(`interception of ${interception?.initiatorId}`)(),
      recordInterceptionEnded: stored("ended"),
      recordTokenUsage: stored("tokens"),
      recordPromptUsage: stored("prompt"),
      recordToolUsage: stored("tool"),
      recordModelThought: stored("thought"),
    });
  };
}

/** A host's actor service that knows one user. */
function oneActor({ service }: ConnectRouter): void {
  service(ActorService, {
    resolveActor: ({ credential }) => {
      if (credential.value !== "carol-token") throw new ConnectError("who?", Code.Unauthenticated);
      return { actor: { id: "carol", name: "Carol" } };
    },
  });
}

/** A host's configuration service that sends one configuration. */
function oneConfig(config: Config) {
  return ({ service }: ConnectRouter) => {
    service(ConfigService, {
      watchConfig: async function* (_, { signal }) {
        yield { event: { case: "config", value: config } };
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      },
    });
  };
}

function post(url: string, token = "carol-token"): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": token },
    body: JSON.stringify(apiCases.messages.body),
  });
}

/** Method names that a server was called with. All of them must carry the gateway key. */
function methodsOf(calls: readonly string[]): Set<string | undefined> {
  return new Set(calls.map((call) => /\.(\w+\/\w+) Bearer gateway-key-of-the-tests-\w+$/.exec(call)?.[1]));
}

test.each<HostProtocol>(["grpc", "connect"])(
  "each service is served by another server of the host, over %s",
  async (protocol) => {
    const records: string[] = [];
    const config = readConfigObject(configFor("claude"), "config").config;
    await using recorder = await startHostServer(protocol, unaryRecorder(records));
    await using actors = await startHostServer(protocol, oneActor);
    await using configService = await startHostServer(protocol, oneConfig(config));
    await using dataPlane = await useDataPlane([
      ...["--recorder", recorder.url, "--actors", `${actors.url}/`, "--config-service", configService.url],
      ...["--rpc-protocol", protocol],
    ]);

    expect((await post(`${dataPlane.url}/claude/v1/messages`, "someone-else")).status).toBe(401);
    const answer = await post(`${dataPlane.url}/claude/v1/messages`);
    expect(answer.status).toBe(200);
    await answer.text();
    await eventually(() => records.includes("ended") || undefined);
    expect(records[0]).toBe("interception of carol");
    expect(records.toSorted()).toEqual(["ended", "interception of carol", "prompt", "tokens"]);

    expect(methodsOf(actors.calls)).toEqual(new Set(["ActorService/ResolveActor"]));
    expect(methodsOf(configService.calls)).toEqual(new Set(["ConfigService/WatchConfig"]));
    const streamed = methodsOf(recorder.calls).has("RecorderService/StreamRecords");
    // Over gRPC the stream is tried first, and answered UNIMPLEMENTED; over HTTP/1.1 it cannot be.
    expect(streamed).toBe(protocol === "grpc");
    expect(await dataPlane.process.stop("SIGTERM")).toBe(0);
  },
);

/** A data plane with a configuration file, and a host with recorder and actors in one server. */
async function useConfigFile() {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "aibridge.yaml");
  const write = (content: unknown) => writeFileSync(file, JSON.stringify(content));
  write(configFor("claude"));
  const host = await startHostServer("grpc", (router) => {
    unaryRecorder([])(router);
    oneActor(router);
  });
  onTestFinished(() => host[Symbol.asyncDispose]());
  const dataPlane = await useDataPlane(["--config", file, "--controlplane", host.url]);
  onTestFinished(() => dataPlane[Symbol.asyncDispose]());
  const status = async (name: string) => {
    const answer = await post(`${dataPlane.url}/${name}/v1/messages`);
    await answer.text();
    return answer.status;
  };
  return { dataPlane, write, status, host };
}

test("a configuration file needs no configuration service, and its changes apply live", async () => {
  const { dataPlane, write, status, host } = await useConfigFile();
  expect(await status("claude")).toBe(200);

  write({ ...configFor("other"), limit: {} });
  await eventually(async () => ((await dataPlane.metric("config_rejected_total")) === 1 ? true : undefined));
  const problem = "limit: unknown key; did you mean limits?";
  await eventually(() => dataPlane.process.output.includes(problem) || undefined);
  expect(await status("claude")).toBe(200);

  write(configFor("other"));
  await eventually(async () => ((await status("other")) === 200 ? true : undefined));
  expect(await status("claude")).toBe(404);
  expect(await dataPlane.metric("config_rejected_total")).toBe(1);
  expect(host.calls.filter((call) => call.includes("ConfigService"))).toEqual([]);
});

test("SIGHUP rereads the configuration file: a wrong one is refused aloud each time", async () => {
  const { dataPlane, write, status } = await useConfigFile();
  write("nonsense");
  const rejected = (count: number) =>
    eventually(async () => {
      dataPlane.process.signal("SIGHUP");
      return (await dataPlane.metric("config_rejected_total")) >= count || undefined;
    });
  await rejected(3);
  expect(await status("claude")).toBe(200);
  write(configFor("other"));
  dataPlane.process.signal("SIGHUP");
  await eventually(async () => ((await status("other")) === 200 ? true : undefined));
});

test.each([
  ["not there", undefined, "cannot be read (ENOENT)"],
  ["wrong", "providers: 7", "aibridge.yaml:1: providers: expected a list, found 7"],
])("a configuration file that is %s stops the start", async (_, text, message) => {
  const folder = mkdtempSync(join(tmpdir(), "aibridge-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (text !== undefined) writeFileSync(join(folder, "aibridge.yaml"), text);
  const env = { AIBRIDGE_GATEWAY_KEY: gatewayKey };
  const { code, stderr } = await aibridge(["dataplane", "--config", "aibridge.yaml"], env, folder);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("a configuration file and a configuration service exclude each other", async () => {
  const env = { AIBRIDGE_GATEWAY_KEY: gatewayKey };
  const flags = ["--config", "x.yaml", "--config-service", "http://127.0.0.1:1"];
  const { code, stderr } = await aibridge(["dataplane", ...flags], env, tmpdir());
  expect(code).toBe(2);
  expect(stderr).toContain("--config and --config-service");
});
