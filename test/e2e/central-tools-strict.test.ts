import { InterceptionOutcome } from "@aibridge/proto";
import {
  httpError,
  type ModelAnswer,
  type Part,
  type Script,
  text,
  thinking,
  toolCall,
} from "@aibridge/sdk/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readClientAnswer } from "../support/client-answers/read-client-answer.ts";
import { eventually } from "../support/eventually.ts";
import { centralToolsConfig } from "../support/mcp/central-tools-config.ts";
import { type GenerationServer, mcpGenerations, type TestTool } from "../support/mcp/mcp-generations.ts";
import { ReplayingClient } from "../support/replaying-client.ts";
import { type ApiCase, apiModes, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

/** Conversations of several requests, in front of a provider that refuses what the real ones refuse. */

let gateway: GatewayUnderTest;
let wiki: GenerationServer;
const read = "bmcp_wiki_read";
const wikiTools: readonly TestTool[] = [{ name: "read", run: (page) => `page ${page}` }];

beforeAll(async () => {
  wiki = await mcpGenerations.modern(wikiTools);
  gateway = await useStrictProvider();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await wiki.close();
});

/** Every call of a model is to be scripted. */
const script: Script = ({ kind }) =>
  kind === "count_tokens" ? undefined : { error: { status: 500, message: "nothing is scripted" } };

function useStrictProvider(dataPlaneFlags: readonly string[] = []): Promise<GatewayUnderTest> {
  return useGateway({
    provider: { strict: true, script },
    dataPlaneFlags,
    config: (url) => centralToolsConfig(url, { wiki: wiki.url }),
  });
}

/** How often the provider refused since the test began. */
let refused: () => number;
beforeEach(() => {
  const before = gateway.provider.requests.length;
  refused = () => {
    const since = gateway.provider.requests.slice(before);
    return since.filter(({ kind, answerId }) => kind !== "count_tokens" && answerId === undefined).length;
  };
});

const lastBody = () => gateway.provider.requests.at(-1)?.body.toString() ?? "";

const own = (...content: Part[]): ModelAnswer => ({ content });
const central = (page = "home"): Part => toolCall(read, { text: page });
const shell = (): Part => toolCall("shell", { command: "ls" });

/** The forms in which a conversation is kept; Messages and Chat have the first alone. */
const states = {
  repeated: { store: false, include: ["reasoning.encrypted_content"] },
  "held by response": {},
  "held in a conversation": { conversation: "" },
} as const;
type State = keyof typeof states;

const cases = apiModes.flatMap(({ api, stream }) =>
  (Object.keys(states) as State[])
    .filter((state) => api === "responses" || state === "repeated")
    .map((state) => ({ api, stream, state })),
);

function newClient({ api, stream, state }: { api: ApiCase; stream: boolean; state: State }): ReplayingClient {
  const conversation = state === "held in a conversation" && { conversation: `conv_${crypto.randomUUID()}` };
  return new ReplayingClient(gateway, {
    api,
    stream,
    headers: session(),
    ...(api === "responses" && { body: { ...states[state], ...conversation } }),
  });
}

/** Of a client whose sessions are known. */
function session(id = crypto.randomUUID()): Record<string, string> {
  return { "user-agent": "opencode/1.18.33", "x-session-id": id };
}

/** Adds a tool, and waits until new conversations have it. Returns its name. */
async function showLateTool(api: ApiCase): Promise<string> {
  const late = `late_${crypto.randomUUID().slice(0, 8)}`;
  wiki.setTools([...wikiTools, { name: late }]);
  return await eventually(async () => {
    gateway.provider.next(own(text("Seen.")));
    await (await send(gateway, api, false, { headers: session() })).text();
    return lastBody().includes(late) ? late : undefined;
  });
}

describe.each(cases)("$api, stream: $stream, $state", (kind) => {
  test("a loop, and then the client goes on with what it saw", async () => {
    const client = newClient(kind);
    gateway.provider.next(own(text("Let me look."), central()), own(text("It says: home.")));
    expect((await client.say("What does it say?")).texts.join("")).toBe("Let me look.It says: home.");
    gateway.provider.next(own(text("You are welcome.")));
    expect((await client.say("Thank you.")).texts).toEqual(["You are welcome."]);
    expect(refused()).toBe(0);
  });

  test("calls of both kinds in one turn, and the client answers its own", async () => {
    const client = newClient(kind);
    gateway.provider.next(own(text("Both."), central(), shell(), central("other")));
    expect((await client.say("Go.")).calls).toMatchObject([{ name: "shell" }]);
    gateway.provider.next(own(central()), own(shell()));
    expect((await client.answerCalls()).calls).toMatchObject([{ name: "shell" }]);
    gateway.provider.next(own(text("Done.")));
    expect((await client.answerCalls()).texts).toEqual(["Done."]);
    expect(refused()).toBe(0);
  });

  test("thoughts before and behind hidden calls, in several loops of one conversation", async () => {
    const client = newClient(kind);
    for (const round of [1, 2, 3]) {
      gateway.provider.next(
        own(thinking(`First ${round}.`), central(), central("other")),
        own(thinking(`Second ${round}.`), text("Half. "), central()),
        own(thinking(`Third ${round}.`), text(`Round ${round}.`)),
      );
      const answer = await client.say("And on.");
      expect(answer.texts.join("")).toBe(`Half. Round ${round}.`);
      expect(answer.thoughts.join("")).toContain(`First ${round}.`);
    }
    expect(refused()).toBe(0);
  });

  test("thoughts, a hidden call and the client's own in one turn, again and again", async () => {
    const client = newClient(kind);
    gateway.provider.next(own(thinking("Hm."), central(), shell()));
    await client.say("Go.");
    for (const round of [1, 2]) {
      gateway.provider.next(
        own(thinking("More."), central()),
        own(thinking(`Round ${round}.`), shell(), central()),
      );
      expect((await client.answerCalls()).calls).toHaveLength(1);
    }
    gateway.provider.next(own(thinking("So."), text("Done.")));
    expect((await client.answerCalls()).texts).toEqual(["Done."]);
    expect(refused()).toBe(0);
  });

  test("tools that appear meanwhile stay out of the conversation", async () => {
    const client = newClient(kind);
    gateway.provider.next(own(thinking("Hm."), central()), own(text("One.")));
    await client.say("Go.");
    const late = await showLateTool(kind.api);
    gateway.provider.next(own(thinking("Hm."), central()), own(text("Two.")));
    expect((await client.say("Go on.")).texts).toEqual(["Two."]);
    expect(lastBody()).not.toContain(late);
    expect(refused()).toBe(0);
    wiki.setTools(wikiTools);
  });
});

describe.each([false, true])("message threads, stream: %s", (stream) => {
  const ask = (body: object) =>
    send(gateway, "messages", stream, {
      headers: { "anthropic-beta": "message-threads-2026-08-12" },
      body: { ...body },
    });
  const create = { thread: { type: "create" } };
  const from = (id: string) => ({ thread: { type: "continue", previous_message_id: id } });

  test("are not begun where there are central tools, and a client that wants to go on with one is told so", async () => {
    gateway.provider.next({ id: "msg_thread", content: "Hello." });
    expect((await ask(create)).status).toBe(200);
    expect(gateway.provider.requests.at(-1)?.members).not.toHaveProperty("thread");
    const refusal = await ask(from("msg_thread"));
    expect(refusal.status).toBe(404);
    expect(await refusal.json()).toMatchObject({ error: { details: { error_code: "thread_not_found" } } });
  });

  test("pass untouched where there are none, with the provider's own refusals", async () => {
    const plain = { tool_choice: { type: "none" } };
    const id = `msg_${crypto.randomUUID()}`;
    gateway.provider.next({ id, content: "Hello." }, { content: "And again." });
    await (await ask({ ...plain, ...create })).text();
    const again = await ask({ ...plain, ...from(id) });
    expect(await again.text()).toContain("again");
    expect(gateway.provider.requests.at(-1)?.members).toMatchObject(from(id));
    const twice = await ask({ ...plain, ...from(id) });
    expect(await twice.text()).toContain("thread_already_continued");
  });
});

describe.each([false, true])("thoughts of another conversation, stream: %s", (stream) => {
  const beta = "thinking-binding-controls-2026-08-01";
  const drop = { prefix_mismatch_behavior: "drop_block" };
  const sentBetas = (from: number) =>
    gateway.provider.requests.slice(from).map(({ headers }) => headers["anthropic-beta"]);

  /** A conversation whose tools are others by now, which its session does not tell. */
  async function moved(headers: Record<string, string>): Promise<{ client: ReplayingClient; from: number }> {
    const client = new ReplayingClient(gateway, {
      api: "messages",
      stream,
      headers,
      body: { system: "Be kind." },
    });
    gateway.provider.next(own(thinking("Hm."), text("Hello."), central()), own(text("One.")));
    await client.say("Go.");
    client.change({ system: "Be rude." });
    return { client, from: gateway.provider.requests.length };
  }

  test("are left out from the first refusal on, and what the client says of betas stays", async () => {
    const { client, from } = await moved({ ...session(), "Anthropic-Beta": "first-beta, second-beta" });
    gateway.provider.next(own(thinking("More."), central()), own(text("Two.")));
    expect((await client.say("And now?")).texts).toEqual(["Two."]);
    gateway.provider.next(own(text("Three.")));
    expect((await client.say("And then?")).texts).toEqual(["Three."]);
    const added = `first-beta, second-beta,${beta}`;
    expect(sentBetas(from)).toEqual(["first-beta, second-beta", added, added, added]);
    const sent = gateway.provider.requests.slice(from).map(({ members }) => members.thinking);
    const thoughts = { type: "adaptive", block_binding: drop };
    expect(sent).toEqual([undefined, thoughts, thoughts, thoughts]);
    expect(refused()).toBe(1);
  });

  test("are left out each time where the client names no conversation, and the tools are others by now", async () => {
    const client = new ReplayingClient(gateway, { api: "messages", stream });
    gateway.provider.next(own(thinking("Hm."), text("Hello."), central()), own(text("One.")));
    await client.say("Go.");
    await showLateTool("messages");
    const from = gateway.provider.requests.length;
    for (const words of ["Two.", "Three."]) {
      gateway.provider.next(own(text(words)));
      expect((await client.say("And now?")).texts).toEqual([words]);
    }
    expect(sentBetas(from)).toEqual([undefined, beta, undefined, beta]);
    wiki.setTools(wikiTools);
  });

  test("are left out where its tokens are counted too", async () => {
    const headers = session();
    const { client } = await moved(headers);
    gateway.provider.next(own(text("Two.")));
    await client.say("And now?");
    const counted = await fetch(`${gateway.url}/anthropic/v1/messages/count_tokens`, {
      method: "POST",
      headers: { ...headers, authorization: `Bearer ${gateway.token}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "claude-test", messages: [{ role: "user", content: "Hi" }] }),
    });
    expect(counted.status).toBe(200);
    expect(gateway.provider.requests.at(-1)).toMatchObject({
      headers: { "anthropic-beta": beta },
      members: { thinking: { type: "adaptive", block_binding: drop } },
    });
  });

  test("are left out in the middle of an answer, which goes on as if nothing had been refused", async () => {
    const from = gateway.provider.requests.length;
    gateway.provider.next(
      own(text("Half. "), central()),
      httpError(400, "messages.1.content.0: The block is bound to a different conversation."),
      own(text("Rest.")),
    );
    const response = await send(gateway, "messages", stream, { headers: session() });
    const { texts } = await readClientAnswer("messages", response);
    expect(texts.join("")).toBe("Half. Rest.");
    expect(sentBetas(from)).toEqual([undefined, undefined, beta]);
    const { ended, tokenUsages, toolUsages } = await gateway.interception(interceptionId(response));
    expect(ended).toMatchObject({ outcome: InterceptionOutcome.COMPLETED, upstreamTurns: 2 });
    expect([tokenUsages.length, toolUsages.length]).toEqual([2, 1]);
  });

  test("are refused where the client wants it so, with the provider's own words", async () => {
    const { client, from } = await moved({ ...session(), "anthropic-beta": beta });
    const thoughts = { type: "adaptive", block_binding: { prefix_mismatch_behavior: "error" } };
    client.change({ thinking: thoughts });
    await expect(client.say("And now?")).rejects.toThrow(/status 400: .*bound to a different conversation/);
    expect(sentBetas(from)).toEqual([beta]);
  });

  test("are refused where nobody is to leave them out: without central tools the gateway only relays", async () => {
    const { client, from } = await moved(session());
    client.change({ tool_choice: { type: "none" } });
    await expect(client.say("And now?")).rejects.toThrow(/bound to a different conversation/);
    expect(sentBetas(from)).toEqual([undefined]);
  });

  test("a provider that knows nothing of it refuses in its own words what it refused before", async () => {
    const { client, from } = await moved(session());
    const unknown = httpError(400, "thinking.adaptive.block_binding: Extra inputs are not permitted");
    gateway.provider.next(unknown);
    await expect(client.say("And now?")).rejects.toThrow(/bound to a different conversation/);
    expect(sentBetas(from)).toEqual([undefined, beta, undefined]);
  });
});

test("what is done for providers can be left out", async () => {
  await using plain = await useStrictProvider(["--without-tool-rule", "loose-thoughts"]);
  const client = new ReplayingClient(plain, { api: "messages", stream: true });
  plain.provider.next(own(thinking("Hm."), text("Hello.")));
  await client.say("Go.");
  client.change({ system: "Be rude." });
  await expect(client.say("And now?")).rejects.toThrow(/bound to a different conversation/);
  expect(plain.provider.requests).toHaveLength(2);
});
