import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CredentialKind } from "@aibridge/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { apiCases, interceptionId, send } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

let gateway: GatewayUnderTest;
beforeAll(async () => {
  gateway = await useGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A request with exactly the given headers. */
function post(
  path: string,
  headers: Record<string, string>,
  body: string = JSON.stringify(apiCases.messages.body),
) {
  return fetch(gateway.url + path, { method: "POST", headers, body });
}

test.each(["authorization", "x-api-key", "x-aibridge-token"])(
  "the token is taken from %s and never goes upstream",
  async (name) => {
    const response = await post("/anthropic/v1/messages", {
      [name]: name === "authorization" ? `Bearer ${gateway.token}` : gateway.token,
    });
    expect(response.status).toBe(200);
    await response.text();
    const seen = gateway.provider.requests.at(-1);
    expect(seen?.headers["x-api-key"]).toBe("sk-ant-central-0123456789abcdef");
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(gateway.token);
    const { interception } = await gateway.interception(interceptionId(response));
    expect(interception).toMatchObject({
      initiatorId: "alice",
      apiKeyId: gateway.tokenId,
      credentialKind: CredentialKind.CENTRALIZED,
      credentialHint: "sk-a…cdef",
      gatewayId: "gw-test",
      provider: "anthropic",
      providerName: "anthropic",
      route: "/v1/messages",
      model: "claude-test",
    });
  },
);

test("a user's own credential goes upstream as it came", async () => {
  const own = { authorization: "Bearer sk-ant-oat-user-0123456789", "x-aibridge-token": gateway.token };
  const response = await post("/anthropic/v1/messages", own);
  await response.text();
  const seen = gateway.provider.requests.at(-1);
  expect(seen?.headers.authorization).toBe(own.authorization);
  expect(seen?.headers["x-api-key"]).toBeUndefined();
  const { interception } = await gateway.interception(interceptionId(response));
  expect(interception).toMatchObject({ credentialKind: CredentialKind.BYOK, credentialHint: "sk-a…6789" });
});

test("copilot takes the user's own credential only", async () => {
  const body = JSON.stringify(apiCases.chat.body);
  const refused = await post("/copilot/chat/completions", { authorization: `Bearer ${gateway.token}` }, body);
  expect(refused.status).toBe(401);
  const headers = { authorization: "Bearer ghu_0123456789abcdef", "x-aibridge-token": gateway.token };
  const served = await post("/copilot/chat/completions", headers, body);
  expect(served.status).toBe(200);
  await served.text();
  expect((await gateway.interception(interceptionId(served))).interception).toMatchObject({
    provider: "copilot",
    route: "/chat/completions",
  });
});

test.each([
  ["no credential", {}],
  ["an unknown token", { "x-api-key": "aib_unknown" }],
  ["a wrong token in front of a right one", { "x-aibridge-token": "aib_unknown", "x-api-key": "right" }],
])("%s is a 401 in the provider's shape", async (_, headers) => {
  const before = gateway.provider.requests.length;
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value === "right" ? gateway.token : value]),
  );
  const refused = await post("/anthropic/v1/messages", given);
  expect(refused.status).toBe(401);
  expect(refused.headers.get("x-should-retry")).toBe("false");
  expect(await refused.json()).toMatchObject({ type: "error", error: { type: "authentication_error" } });
  expect(gateway.provider.requests.length).toBe(before);
});

test("a revoked token is refused within a second", async () => {
  const { token, id } = JSON.parse(
    (await gateway.run("tokens", "create", "--actor", "carol", "--json")).stdout,
  );
  const headers = { "x-api-key": token };
  expect((await post("/anthropic/v1/messages", headers)).status).toBe(200);
  expect((await gateway.run("tokens", "revoke", id)).code).toBe(0);
  const revokedAt = performance.now();
  await eventually(async () =>
    (await post("/anthropic/v1/messages", headers)).status === 401 ? true : undefined,
  );
  expect(performance.now() - revokedAt).toBeLessThan(1_000);
});

test.each([
  ["not JSON", "hello", "invalid_json"],
  ["truncated JSON", '{"model":"m","messages":[', "invalid_json"],
  ["an array", "[]", "invalid_json"],
  ["nothing", "", "invalid_json"],
  ["no model", "{}", "model_required"],
  ["a model that is no string", '{"model":7}', "model_required"],
])("a body with %s is refused and records nothing", async (_, body, code) => {
  const before = (await gateway.interceptions()).length;
  const refused = await post("/openai/v1/chat/completions", { "x-api-key": gateway.token }, body);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toEqual({
    error: { message: expect.any(String), type: "invalid_request_error", param: null, code },
  });
  expect((await gateway.interceptions()).length).toBe(before);
});

test.each([
  ["GET", "/anthropic/v1/messages", 405],
  ["POST", "/anthropic/v1/files", 404],
  ["POST", "/nobody/v1/messages", 404],
  ["POST", "/anthropic/v1/%2e%2e/messages", 400],
])("%s %s is a %i", async (method, path, status) => {
  const { hostname, port } = new URL(gateway.url);
  const { request } = await import("node:http");
  const answer = await new Promise<{
    status: number | undefined;
    headers: NodeJS.Dict<string | string[]>;
    body: string;
  }>((resolve, reject) => {
    const call = request(
      { hostname, port, path, method, headers: { "x-api-key": gateway.token } },
      (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      },
    );
    call.on("error", reject).end();
  });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toHaveProperty("error");
  if (status === 405) expect(answer.headers.allow).toBe("POST");
});

test("a WebSocket upgrade is answered 426, so that Codex posts at once", async () => {
  const { connect } = await import("node:net");
  const { port } = new URL(gateway.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(
    `GET /openai/v1/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${gateway.token}\r\n\r\n`,
  );
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
  expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({
    error: { code: "websocket_not_supported" },
  });
});

test.each(["/anthropic", "/anthropic/api/hello"])("HEAD %s says hello without a token", async (path) => {
  expect((await fetch(gateway.url + path, { method: "HEAD" })).status).toBe(200);
});

test("stored state needs the user's own key", async () => {
  const shared = await fetch(`${gateway.url}/openai/v1/responses/resp_1`, {
    headers: { "x-api-key": gateway.token },
  });
  expect(shared.status).toBe(403);
  const background = await send(gateway, "responses", false, { body: { background: true } });
  expect(background.status).toBe(403);
  expect(await background.json()).toMatchObject({ error: { code: "stored_state_not_allowed" } });
  const own = { "x-aibridge-token": gateway.token, authorization: "Bearer sk-user-0123456789abcdef" };
  expect((await fetch(`${gateway.url}/openai/v1/responses/resp_1`, { headers: own })).status).toBe(200);
});

test("no secret is in a log, a metric, a record or the database", async () => {
  const own = "sk-user-very-secret-0123456789abcdef";
  const response = await post("/anthropic/v1/messages", {
    authorization: `Bearer ${own}`,
    "x-aibridge-token": gateway.token,
  });
  await response.text();
  const found = await gateway.interception(interceptionId(response));
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const database = ["aibridge.db", "aibridge.db-wal"]
    .map((name) => readFileSync(join(gateway.folder, name), "latin1"))
    .join("");
  const everything = [
    JSON.stringify(found, (_, value) => (typeof value === "bigint" ? String(value) : value)),
    metrics,
    database,
    gateway.dataPlane.output,
    gateway.controlPlane.output,
  ].join("\n");
  for (const secret of [
    own,
    gateway.token,
    "sk-ant-central-0123456789abcdef",
    gateway.adminKey,
    gateway.gatewayKey,
  ])
    expect(everything.includes(secret)).toBe(false);
});

test("metrics tell of what happened", async () => {
  await (await send(gateway, "messages", true)).text();
  const metrics = await eventually(async () => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return /^aibridge_interceptions_total\{provider="anthropic",model="claude-test",status="completed",route="\/v1\/messages",method="POST",client="Unknown"\} \d/m.test(
      text,
    )
      ? text
      : undefined;
  });
  for (const name of [
    "interceptions_inflight",
    "interceptions_duration_seconds_bucket",
    "time_to_first_byte_seconds_bucket",
    "gateway_overhead_seconds_bucket",
    "passthrough_total",
    "refusals_total",
    "prompts_total",
    "tokens_total",
    "records_acknowledged_total",
    "spool_records",
    "spool_bytes",
    "config_age_seconds",
    "process_cpu_seconds_total",
  ])
    expect(metrics, name).toMatch(new RegExp(`^aibridge_${name}[{ ]`, "m"));
});
