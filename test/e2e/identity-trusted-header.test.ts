import { request } from "node:http";
import { text } from "node:stream/consumers";
import { CredentialKind } from "@aibridge/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiCases } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway({
    config: (url) => `
providers:
  - { name: anthropic, type: anthropic, base_url: "${url}", keys: [sk-ant-central-0123456789abcdef] }
  - { name: copilot, type: copilot, base_url: "${url}" }
identity: { mode: trusted_header, header: Remote-User, trusted_sources: [127.0.0.1/32] }
`,
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

interface Answer {
  readonly status: number | undefined;
  readonly interceptionId: string | undefined;
  readonly body: string;
}

/** A request with these headers from one of this machine's loopback addresses. */
function post(
  headers: Record<string, string | string[]>,
  { from = "127.0.0.1", path = "/anthropic/v1/messages" } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const call = request(gateway.url + path, { method: "POST", headers, localAddress: from }, (response) => {
    const id = response.headers["x-aibridge-interception-id"];
    text(response).then(
      (body) => resolve({ status: response.statusCode, interceptionId: id?.toString(), body }),
      reject,
    );
  });
  call.on("error", reject);
  call.end(JSON.stringify((path.includes("chat") ? apiCases.chat : apiCases.messages).body));
  return promise;
}

test("the proxy names the actor; neither that header nor a placeholder credential goes upstream", async () => {
  const answer = await post({ "Remote-User": "alice", authorization: "Bearer placeholder-0123456789" });
  expect(answer.status).toBe(200);
  const seen = gateway.provider.requests.at(-1);
  expect(seen?.headers["x-api-key"]).toBe("sk-ant-central-0123456789abcdef");
  expect(seen?.headers).not.toHaveProperty("remote-user");
  expect(seen?.headers).not.toHaveProperty("authorization");
  const { interception } = await gateway.interception(answer.interceptionId as string);
  expect(interception).toMatchObject({
    initiatorId: "alice",
    apiKeyId: "",
    credentialKind: CredentialKind.CENTRALIZED,
  });
});

test("the header does not go upstream on routes that are passed through either", async () => {
  const headers = { "remote-user": "alice" };
  const response = await fetch(`${gateway.url}/anthropic/v1/models`, { headers });
  expect(response.status).toBe(200);
  await response.text();
  expect(JSON.stringify(gateway.provider.requests.at(-1)?.rawHeaders)).not.toContain("alice");
});

test("beside X-AIBridge-Token the user's own credential goes upstream", async () => {
  const own = "sk-ant-user-0123456789abcdef";
  const answer = await post({ "remote-user": "alice", "x-aibridge-token": "own", "x-api-key": own });
  expect(answer.status).toBe(200);
  expect(gateway.provider.requests.at(-1)?.headers["x-api-key"]).toBe(own);
  const { interception } = await gateway.interception(answer.interceptionId as string);
  expect(interception?.credentialKind).toBe(CredentialKind.BYOK);
});

test("copilot takes the user's own credential without more ado", async () => {
  const path = "/copilot/chat/completions";
  const headers = { "remote-user": "alice", authorization: "Bearer ghu_0123456789abcdef" };
  expect((await post(headers, { path })).status).toBe(200);
  expect(gateway.provider.requests.at(-1)?.headers.authorization).toBe(headers.authorization);
  expect((await post({ "remote-user": "alice" }, { path })).status).toBe(401);
});

test.each<[what: string, headers: () => Record<string, string | string[]>, from: string]>([
  ["another peer", () => ({ "remote-user": "alice" }), "127.0.0.2"],
  ["another peer that claims to be forwarded", forwarded, "127.0.0.2"],
  ["another peer with a token", () => ({ "x-api-key": gateway.token }), "127.0.0.2"],
  ["the proxy without a name", () => ({ "x-api-key": gateway.token }), "127.0.0.1"],
  ["the proxy with two names", () => ({ "remote-user": ["mallory", "alice"] }), "127.0.0.1"],
])("%s is a 401", async (_, headers, from) => {
  const before = gateway.provider.requests.length;
  const answer = await post(headers(), { from });
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.body)).toMatchObject({ type: "error", error: { type: "authentication_error" } });
  expect(gateway.provider.requests.length).toBe(before);
});

function forwarded() {
  return { "remote-user": "alice", "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" };
}
