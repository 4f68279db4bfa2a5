import { type LastMessage, type MessageQuery, serveRecorder } from "@aibridge/sdk/recorder";
import { type Part, text, toolCall } from "@aibridge/sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientAnswer } from "../support/client-answers/client-answer.ts";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { eventually } from "../support/eventually.ts";
import { metricSum } from "../support/gateway-metrics.ts";
import { type GenerationServer, mcpGenerations } from "../support/mcp/mcp-generations.ts";
import { ReplayingClient } from "../support/replaying-client.ts";
import { type ReplicasUnderTest, useReplicas } from "../support/replicas.ts";
import { type ApiCase, send } from "../support/requests.ts";
import { gatewayKey } from "../support/use-data-plane.ts";

let wiki: GenerationServer;
beforeAll(async () => {
  wiki = await mcpGenerations.modern([{ name: "read", run: (page) => `page ${page}` }]);
});
afterAll(() => wiki.close());

const read = "bmcp_wiki_read";
/** A tool of the client's own, as each API writes it. */
const shell: Record<ApiCase, object> = {
  messages: { name: "shell", input_schema: { type: "object" } },
  chat: { type: "function", function: { name: "shell", parameters: { type: "object" } } },
  responses: { type: "function", name: "shell", parameters: { type: "object" }, strict: false },
};

let ids = 0;
/** An id that no other test has. */
function newId(kind: string): string {
  ids += 1;
  return `${kind}_${ids}_${crypto.randomUUID().slice(0, 8)}`;
}

/** What tests do with two data planes. */
class Replicas {
  readonly #under: ReplicasUnderTest;

  constructor(under: ReplicasUnderTest) {
    this.#under = under;
  }

  get provider() {
    return this.#under.gateway.provider;
  }

  /** Sends a request through one of the data planes, and reads its answer as the strictest client. */
  async ask(replica: 0 | 1, api: ApiCase, stream: boolean, body: object): Promise<ClientAnswer> {
    const gateway = { ...this.#under.gateway, url: this.#under.urls[replica] };
    const response = await send(gateway, api, stream, { body: { tools: [shell[api]], ...body } });
    return await readClientAnswer(api, response);
  }

  /** Sends a request to a path of the provider "openai" through one of the data planes. */
  post(replica: 0 | 1, path: string, body: object, token = this.#under.gateway.token): Promise<Response> {
    return fetch(`${this.#under.urls[replica]}/openai/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ model: "gpt-test", ...body }),
    });
  }

  /** The bodies that the provider got since so many requests. */
  // biome-ignore lint/suspicious/noExplicitAny: requests of three APIs
  sentSince(count: number): any[] {
    return this.provider.requests.slice(count).map(({ members }) => members);
  }

  /** How often data planes have looked a message up. */
  lookUps(): Promise<number> {
    const { controlPlaneAdminUrl } = this.#under.gateway;
    return metricSum(controlPlaneAdminUrl, "rpc_duration_seconds_count", 'method="FindLastMessage"');
  }
}

/** Answers: central calls alone, so many times, and then this. */
function loop(turns: number, ...last: readonly Part[]) {
  const before = Array.from({ length: turns }, () =>
    answerOf(toolCall(read, { text: "home" }, { id: newId("call") })),
  );
  return [...before, answerOf(...last)];
}

function answerOf(...content: readonly Part[]) {
  return { id: newId("resp"), content };
}

function mixed() {
  const pending = newId("call");
  const own = toolCall("shell", { command: "ls" }, { id: newId("call") });
  return { pending, parts: [toolCall(read, { text: "home" }, { id: pending }), own] as const };
}

describe.each(["sqlite", "mariadb"] as const)("%s", (database) => {
  let under: ReplicasUnderTest;
  let replicas: Replicas;
  beforeAll(async () => {
    under = await useReplicas({ wiki: wiki.url, database });
    replicas = new Replicas(under);
  });
  afterAll(() => under[Symbol.asyncDispose]());

  describe.each([false, true])("stream: %s", (stream) => {
    test("an answer with hidden turns goes on through the other data plane with all of them", async () => {
      const turns = loop(2, text("It says: home."));
      replicas.provider.next(...turns);
      const answer = await replicas.ask(0, "responses", stream, {});
      expect(answer.id).toBe(stream ? turns[0]?.id : turns[2]?.id);
      const before = replicas.provider.requests.length;
      replicas.provider.next(answerOf(text("And so on.")));
      const body = { previous_response_id: answer.id, input: "And?" };
      expect((await replicas.ask(1, "responses", stream, body)).texts).toEqual(["And so on."]);
      const sent = replicas.sentSince(before);
      expect(sent.map((request) => request.previous_response_id)).toEqual([turns[2]?.id]);
      expect(sent[0].input).toBe("And?");
    });

    test("calls that were not run behind hidden turns are answered through the other data plane", async () => {
      const { pending, parts } = mixed();
      const turns = loop(1, ...parts);
      replicas.provider.next(...turns);
      const answer = await replicas.ask(0, "responses", stream, {});
      const [own] = answer.calls;
      const before = replicas.provider.requests.length;
      replicas.provider.next(answerOf(text("Done.")));
      const output = { type: "function_call_output", call_id: own?.id, output: "ok" };
      const body = { previous_response_id: answer.id, input: [output] };
      expect((await replicas.ask(1, "responses", stream, body)).texts).toEqual(["Done."]);
      const sent = replicas.sentSince(before);
      expect(sent).toHaveLength(1);
      expect(sent[0].previous_response_id).toBe(turns[1]?.id);
      expect(sent[0].input.map((item: { call_id: string }) => item.call_id)).toEqual([pending, own?.id]);
    });

    test.each<{ state: string; api: ApiCase; members?: object }>([
      { state: "messages", api: "messages" },
      { state: "chat", api: "chat" },
      { state: "responses, store: false", api: "responses", members: { store: false } },
      { state: "responses, previous_response_id", api: "responses" },
      { state: "responses, conversation", api: "responses", members: { conversation: newId("conv") } },
    ])(
      "after a mixed turn the next request is valid through the other data plane: $state",
      async ({ api, members }) => {
        const replica = { ...under.gateway, url: under.urls[0] };
        const body = { tools: [shell[api]], ...members };
        const client = new ReplayingClient(replica, { api, stream, body });
        replicas.provider.next(answerOf(...mixed().parts));
        expect((await client.say("Look it up.")).calls.map(({ name }) => name)).toEqual(["shell"]);
        replica.url = under.urls[1];
        replicas.provider.next(answerOf(text("Done.")));
        expect((await client.answerCalls()).texts).toEqual(["Done."]);
      },
    );
  });

  test.each(["/responses/compact", "/responses/input_tokens"])(
    "%s through the other data plane goes on from the last hidden turn, too",
    async (path) => {
      const turns = loop(1, text("It says: home."));
      replicas.provider.next(...turns);
      const { id } = await replicas.ask(0, "responses", true, {});
      const before = replicas.provider.requests.length;
      const response = await replicas.post(1, path, { previous_response_id: id, input: "And?" });
      await response.text();
      expect(response.status).toBe(200);
      const sent = replicas.sentSince(before);
      expect(sent.map((request) => request.previous_response_id)).toEqual([turns[1]?.id]);
    },
  );

  test("what a data plane has served itself is not looked up", async () => {
    const before = await replicas.lookUps();
    replicas.provider.next(...loop(1, text("It says: home.")));
    let { id } = await replicas.ask(0, "responses", true, {});
    for (let turn = 0; turn < 10; turn += 1) {
      replicas.provider.next(answerOf(text("Go on.")));
      ({ id } = await replicas.ask(0, "responses", turn % 2 === 0, {
        previous_response_id: id,
        input: "And?",
      }));
    }
    expect(await replicas.lookUps()).toBe(before);
  });

  test("what was looked up once is known from then on", async () => {
    replicas.provider.next(answerOf(text("Hello.")));
    const { id } = await replicas.ask(0, "responses", true, {});
    const goOn = async () => {
      replicas.provider.next(answerOf(text("Go on.")));
      await replicas.ask(1, "responses", false, { previous_response_id: id, input: "And?" });
    };
    const before = await replicas.lookUps();
    await goOn();
    const after = await replicas.lookUps();
    expect(after).toBeGreaterThan(before);
    await goOn();
    expect(await replicas.lookUps()).toBe(after);
  });

  test("nothing is looked up for an actor without central tools", async () => {
    const created = await under.gateway.run("tokens", "create", "--actor", "bob", "--json");
    const { token } = JSON.parse(created.stdout);
    const before = await replicas.lookUps();
    const requests = replicas.provider.requests.length;
    const body = { previous_response_id: newId("resp"), input: "And?" };
    const response = await replicas.post(1, "/responses", body, token);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: "previous_response_not_found" } },
    ]);
    expect(replicas.sentSince(requests)).toHaveLength(1);
    expect(await replicas.lookUps()).toBe(before);
  });
});

/** A mixed turn on the first data plane and what follows it on the second one; the requests this led to there. */
async function goOnAfterMixedTurn(replicas: Replicas) {
  const { pending, parts } = mixed();
  const turn = answerOf(...parts);
  replicas.provider.next(turn);
  const answer = await replicas.ask(0, "responses", true, {});
  const before = replicas.provider.requests.length;
  replicas.provider.next(answerOf(text("Done.")));
  const output = { type: "function_call_output", call_id: answer.calls[0]?.id, output: "ok" };
  const followUp = { previous_response_id: answer.id, input: [output] };
  expect((await replicas.ask(1, "responses", true, followUp)).texts).toEqual(["Done."]);
  return { turn, pending, sent: replicas.sentSince(before) };
}

describe("a recorder that cannot be asked fails no request: the provider's refusal is mended", () => {
  test("where the control plane is killed, or silent", async () => {
    await using under = await useReplicas({ wiki: wiki.url });
    const replicas = new Replicas(under);
    // Both data planes have heard of the actor and its tools before.
    for (const replica of [0, 1] as const) await replicas.ask(replica, "responses", false, {});
    under.gateway.controlPlane.signal("SIGSTOP");
    const began = performance.now();
    expect((await goOnAfterMixedTurn(replicas)).sent).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect((await goOnAfterMixedTurn(replicas)).sent).toHaveLength(2);
    await under.gateway.controlPlane.stop("SIGKILL");
    expect((await goOnAfterMixedTurn(replicas)).sent).toHaveLength(2);
  });

  test("where a host does not serve the method, which is said once", async () => {
    await using host = await serveRecorder({
      ...{ listen: "127.0.0.1:0", keys: [gatewayKey] },
      functions: { recordBatch: () => undefined },
    });
    await using under = await useReplicas({ wiki: wiki.url, flags: ["--recorder", host.url] });
    const replicas = new Replicas(under);
    expect((await goOnAfterMixedTurn(replicas)).sent).toHaveLength(2);
    expect((await goOnAfterMixedTurn(replicas)).sent).toHaveLength(2);
    const said = () => under.second.process.output.match(/does not implement FindLastMessage/g);
    expect(await eventually(() => said() ?? undefined)).toHaveLength(1);
  });

  test("where a host's function fails", async () => {
    const failures: string[] = [];
    await using host = await serveRecorder({
      ...{ listen: "127.0.0.1:0", keys: [gatewayKey] },
      functions: {
        recordBatch: () => undefined,
        findLastMessage: () => Promise.reject(new Error("the table is locked")),
      },
      onFailure: (error, name) => failures.push(`${name}: ${(error as Error).message}`),
    });
    await using under = await useReplicas({ wiki: wiki.url, flags: ["--recorder", host.url] });
    expect((await goOnAfterMixedTurn(new Replicas(under))).sent).toHaveLength(2);
    expect(failures).toEqual(["findLastMessage: the table is locked"]);
    expect(under.second.process.output).not.toContain("locked");
  });
});

test("a host's recorder is asked as the control plane is", async () => {
  const asked: MessageQuery[] = [];
  const known = new Map<string, LastMessage>();
  await using host = await serveRecorder({
    ...{ listen: "127.0.0.1:0", keys: [gatewayKey] },
    functions: {
      recordBatch: () => undefined,
      findLastMessage: (query) => {
        asked.push(query);
        return known.get(query.messageId);
      },
    },
  });
  await using under = await useReplicas({ wiki: wiki.url, flags: ["--recorder", host.url] });
  const replicas = new Replicas(under);
  const turns = loop(1, text("It says: home."));
  replicas.provider.next(...turns);
  const { id } = await replicas.ask(0, "responses", true, {});
  known.set(id, { messageId: turns[1]?.id ?? "", pendingCallIds: [] });
  const before = replicas.provider.requests.length;
  await replicas.ask(1, "responses", true, { previous_response_id: id, input: "And?" });
  expect(replicas.sentSince(before)[0].previous_response_id).toBe(turns[1]?.id);
  expect(asked).toEqual([{ initiatorId: "alice", providerName: "openai", messageId: id }]);
});
