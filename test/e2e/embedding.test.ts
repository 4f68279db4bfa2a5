import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  Code,
  ConnectError,
  createGateway,
  type EmbeddedGateway,
  type GatewayOptions,
  type Interception,
  type InterceptionEnded,
  type RecorderFunctions,
  type TokenUsage,
} from "@aibridge/dataplane";
import { InterceptionOutcome } from "@aibridge/proto";
import { type ScriptedProvider, startScriptedProvider, thinking, toolCall } from "@aibridge/sdk/testing";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { apiCases } from "../support/requests.ts";

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await startScriptedProvider();
});
afterEach(() => provider.close());

/** Keeps what it is told as "kind: id of the interception". */
class Ledger implements RecorderFunctions {
  readonly kinds: string[] = [];
  readonly started: Interception[] = [];
  readonly ended: InterceptionEnded[] = [];
  readonly tokens: TokenUsage[] = [];

  recordInterception(interception: Interception): Promise<void> | void {
    this.kinds.push("interception");
    this.started.push(interception);
  }
  async recordInterceptionEnded(ended: InterceptionEnded): Promise<void> {
    this.kinds.push("ended");
    this.ended.push(ended);
  }
  async recordTokenUsage(usage: TokenUsage): Promise<void> {
    this.kinds.push("tokens");
    this.tokens.push(usage);
  }
  async recordPromptUsage(): Promise<void> {
    this.kinds.push("prompt");
  }
  async recordToolUsage(): Promise<void> {
    this.kinds.push("tool");
  }
  async recordModelThought(): Promise<void> {
    this.kinds.push("thought");
  }
}

function configFor(url: string) {
  return {
    providers: [
      {
        name: "anthropic",
        type: "anthropic",
        base_url: url,
        keys: ["sk-central-0123456789"],
        max_retries: 0,
      },
      { name: "openai", type: "openai", base_url: `${url}/v1`, keys: ["sk-central-0123456789"] },
    ],
  };
}

const actors: GatewayOptions["actors"] = {
  resolveActor: ({ credential }) => {
    if (credential.kind !== "token") return undefined;
    if (credential.token === "denied") throw new ConnectError("no", Code.PermissionDenied);
    if (credential.token === "broken") throw new Error("the database is on fire");
    return credential.token === "alice-token" ? { id: "alice", metadata: { team: "dev" } } : undefined;
  },
};

type Host = (
  gateway: EmbeddedGateway,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

/** A gateway in a node:http server of this process. */
async function useHost(
  options: Partial<GatewayOptions> = {},
  host: Host = ({ handler }, incoming, response) => handler(incoming, response),
) {
  const ledger = new Ledger();
  const gateway = createGateway({ recorder: ledger, actors, config: configFor(provider.url), ...options });
  const server = createServer((incoming, response) => void host(gateway, incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    await gateway.close(0);
    server.closeAllConnections();
    server.close();
  });
  return { gateway, ledger, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function post(url: string, stream = false, token = "alice-token"): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...apiCases.messages.body, stream }),
  });
}

test.each([false, true])("records go to the six functions (stream: %s)", async (stream) => {
  const { ledger, url } = await useHost();
  provider.next({
    content: [thinking("hm"), toolCall("read_file", { path: "a" })],
    usage: { input: 11, output: 22 },
  });
  const answer = await post(`${url}/anthropic/v1/messages`, stream);
  expect(answer.status).toBe(200);
  await answer.text();
  await eventually(() => ledger.ended[0]);
  expect(ledger.kinds[0]).toBe("interception");
  expect(ledger.kinds.toSorted()).toEqual(["ended", "interception", "prompt", "thought", "tokens", "tool"]);
  expect(ledger.started[0]).toMatchObject({ initiatorId: "alice", metadata: { team: "dev" } });
  expect(ledger.tokens[0]).toMatchObject({ inputTokens: 11n, outputTokens: 22n });
  expect(ledger.ended[0]?.outcome).toBe(InterceptionOutcome.COMPLETED);
});

test("nothing goes to the provider before the start is recorded", async () => {
  const stored = Promise.withResolvers<void>();
  const ledger = new Ledger();
  const asked = Promise.withResolvers<void>();
  ledger.recordInterception = async () => {
    asked.resolve();
    await stored.promise;
  };
  const { url } = await useHost({ recorder: ledger });
  const answer = post(`${url}/anthropic/v1/messages`);
  await asked.promise;
  expect(provider.requests).toHaveLength(0);
  stored.resolve();
  expect((await answer).status).toBe(200);
  expect(provider.requests).toHaveLength(1);
});

test("a function that fails is called again; the others are not", async () => {
  const ledger = new Ledger();
  let failures = 3;
  ledger.recordTokenUsage = async (usage) => {
    if (failures-- > 0) throw new Error("deadlock");
    ledger.tokens.push(usage);
  };
  const { url } = await useHost({ recorder: ledger });
  await (await post(`${url}/anthropic/v1/messages`)).text();
  await eventually(() => ledger.tokens[0]);
  expect(ledger.kinds.toSorted()).toEqual(["ended", "interception", "prompt"]);
});

test("a recorder that is broken refuses requests, and serves again when it is whole", async () => {
  const ledger = new Ledger();
  const record = ledger.recordInterception.bind(ledger);
  let broken = true;
  ledger.recordInterception = (interception) => {
    if (broken) throw new Error("no database");
    return record(interception);
  };
  const { gateway, url } = await useHost({ recorder: ledger });
  const refused = await post(`${url}/anthropic/v1/messages`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).not.toBeNull();
  expect(gateway.notReady()).toBe("the recorder is away");
  broken = false;
  await eventually(async () => ((await post(`${url}/anthropic/v1/messages`)).ok ? true : undefined));
  expect(gateway.notReady()).toBeUndefined();
});

test.each([
  ["unknown", 401],
  ["denied", 403],
  ["broken", 503],
])("resolveActor: %s is answered %i", async (token, status) => {
  const { url } = await useHost();
  const refused = await post(`${url}/anthropic/v1/messages`, false, token);
  expect(refused.status).toBe(status);
  expect(await refused.text()).not.toContain("fire");
});

test("an actor that is forgotten is asked for again", async () => {
  let known = true;
  const { gateway, url } = await useHost({
    actors: {
      resolveActor: () => (known ? { id: "alice", apiKeyId: "key-1", cacheForMs: 60_000 } : undefined),
    },
  });
  const status = async () => (await post(`${url}/anthropic/v1/messages`)).status;
  expect(await status()).toBe(200);
  known = false;
  expect(await status()).toBe(200);
  gateway.forget({ apiKeyId: "key-1" });
  expect(await status()).toBe(401);
});

test("a configuration is replaced between requests, and a bad one changes nothing", async () => {
  await using second = await startScriptedProvider();
  const { gateway, url } = await useHost();
  await (await post(`${url}/anthropic/v1/messages`)).text();
  expect(() => gateway.configure({ provider: [] } as never)).toThrow(
    "config: provider: unknown key; did you mean providers?",
  );
  await (await post(`${url}/anthropic/v1/messages`)).text();
  expect([provider.requests.length, second.requests.length]).toEqual([2, 0]);
  gateway.configure(configFor(second.url));
  await (await post(`${url}/anthropic/v1/messages`)).text();
  expect([provider.requests.length, second.requests.length]).toEqual([2, 1]);
});

describe("mounted", () => {
  test("the way Express mounts: the path is taken off, headers may be set already", async () => {
    const { url } = await useHost({}, ({ handler }, incoming, response) => {
      response.setHeader("x-powered-by", "Express");
      incoming.url = (incoming.url as string).slice("/ai".length);
      handler(incoming, response);
    });
    const answer = await post(`${url}/ai/anthropic/v1/messages`, true);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-powered-by")).toBe("Express");
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    expect(await answer.text()).toContain("event: message_stop");
  });

  test.each([
    ["/ai/anthropic/v1/messages", 200],
    ["/ai/anthropic/v1/messages?beta=true", 200],
    ["/ai", 404],
    ["/ai?x", 404],
    ["/aim/anthropic/v1/messages", 404],
    ["/anthropic/v1/messages", 200],
  ])("with a base path, %s is answered %i", async (path, status) => {
    const { url } = await useHost({ basePath: "/ai/" });
    expect((await post(url + path)).status).toBe(status);
  });

  test("after a body parser, the answer says what to do", async () => {
    const { gateway, url } = await useHost({}, async ({ handler }, incoming, response) => {
      for await (const _ of incoming);
      handler(incoming, response);
    });
    const refused = await post(`${url}/anthropic/v1/messages`);
    expect(refused.status).toBe(500);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(await refused.json()).toEqual({
      type: "error",
      error: { type: "api_error", message: expect.stringContaining("mount the gateway before body parsers") },
    });
    expect(await gateway.registry.metrics()).toContain('refusals_total{code="body_already_read"} 1');
  });

  test("a client that waits before it sends the body is told to go on once", async () => {
    const { url } = await useHost();
    const body = JSON.stringify(apiCases.messages.body);
    const headers = { expect: "100-continue", "content-length": body.length, "x-api-key": "alice-token" };
    const call = request(`${url}/anthropic/v1/messages`, { method: "POST", headers });
    let continues = 0;
    call.on("continue", () => {
      continues++;
      call.end(body);
    });
    call.flushHeaders();
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    expect([answer.statusCode, continues]).toEqual([200, 1]);
    answer.resume();
  });

  test("a WebSocket upgrade is answered 426", async () => {
    const { url } = await useHost();
    const call = request(`${url}/openai/v1/responses`, {
      headers: { connection: "upgrade", upgrade: "websocket", authorization: "Bearer alice-token" },
    }).end();
    const [answer] = (await once(call, "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(426);
    answer.resume();
  });
});

test("two gateways in one process have metrics of their own", async () => {
  const [one, two] = [await useHost(), await useHost()];
  await (await post(`${one.url}/anthropic/v1/messages`)).text();
  const count = /^aibridge_interceptions_total\{/m;
  await eventually(async () => count.test(await one.gateway.registry.metrics()) || undefined);
  expect(await two.gateway.registry.metrics()).not.toMatch(count);
});

test("close lets open streams finish, refuses new requests, and waits for their records", async () => {
  const { gateway, ledger, url } = await useHost();
  const hold = Promise.withResolvers<void>();
  provider.next({ content: "one two three", delivery: { stall: { afterEvents: 3, until: hold.promise } } });
  const open = await post(`${url}/anthropic/v1/messages`, true);
  const closed = gateway.close();
  expect((await post(`${url}/anthropic/v1/messages`)).status).toBe(503);
  hold.resolve();
  expect(await open.text()).toContain("event: message_stop");
  expect(await closed).toBe(0);
  expect(await gateway.close()).toBe(0);
  expect(ledger.ended[0]?.outcome).toBe(InterceptionOutcome.COMPLETED);
});

test("close breaks off what takes longer than the grace time", async () => {
  const { gateway, ledger, url } = await useHost();
  const hold = Promise.withResolvers<void>();
  onTestFinished(() => hold.resolve());
  provider.next({ content: "one two three", delivery: { stall: { afterEvents: 3, until: hold.promise } } });
  const open = await post(`${url}/anthropic/v1/messages`, true);
  const read = open.text().catch(() => "broken off");
  expect(await gateway.close(10)).toBe(0);
  expect(await read).toBe("broken off");
  expect(ledger.ended[0]?.outcome).toBe(InterceptionOutcome.FAILED);
});

test("the example serves, reports what was used, and stops in order", async () => {
  const example = spawn(process.execPath, ["examples/embedding/main.ts"], {
    env: { PORT: "0", ANTHROPIC_BASE_URL: provider.url, ANTHROPIC_API_KEY: "sk-central-0123456789" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void example.kill("SIGKILL"));
  const output = outputOf(example);
  const url = await eventually(() => /listening on (\S+)/.exec(output())?.[1]);
  provider.next({ content: "hi", usage: { input: 3, output: 5 } });
  const answer = await post(`${url}/ai/anthropic/v1/messages`, true, "token-of-alice");
  expect(await answer.text()).toContain("event: message_stop");
  const report = await eventually(async () => {
    const rows = (await (await fetch(`${url}/usage`)).json()) as unknown[];
    return rows.length > 0 ? rows : undefined;
  });
  expect(report).toEqual([
    { user: "alice", model: "claude-test", requests: 1, inputTokens: 3, outputTokens: 5 },
  ]);
  const exit = once(example, "exit");
  example.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(output()).toContain("stopped; 0 records could not be stored");
});

function outputOf(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
