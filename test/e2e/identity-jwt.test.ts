import { CredentialKind } from "@aibridge/proto";
import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import {
  type IdentityProvider,
  type SigningKey,
  signingKey,
  startIdentityProvider,
} from "../support/identity-provider.ts";
import { apiCases, interceptionId } from "../support/requests.ts";
import { type GatewayUnderTest, useGateway } from "../support/use-gateway.ts";

const algorithms = ["RS256", "ES256", "EdDSA"];
let keys: Map<string, SigningKey>;
let key: SigningKey;
let identityProvider: IdentityProvider;
let gateway: GatewayUnderTest;

beforeAll(async () => {
  keys = new Map(
    await Promise.all(algorithms.map(async (alg) => [alg, await signingKey(alg, `key-${alg}`)] as const)),
  );
  key = keys.get("ES256") as SigningKey;
  identityProvider = await startIdentityProvider(...keys.values());
  gateway = await useGateway({ config: (url) => configText(url, identityProvider.jwksUrl) });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await identityProvider[Symbol.asyncDispose]();
});

function configText(providerUrl: string, jwksUrl: string): string {
  const { issuer, audience } = identityProvider;
  return `
providers:
  - { name: anthropic, type: anthropic, base_url: "${providerUrl}", keys: [sk-ant-central-0123456789abcdef] }
identity: { mode: jwt, jwks_url: "${jwksUrl}", issuer: "${issuer}", audience: ${audience}, actor_claim: email }
`;
}

const claims = (changed?: JWTPayload) => identityProvider.claims({ email: "alice@example.com", ...changed });

function post(headers: Record<string, string>): Promise<Response> {
  const body = JSON.stringify(apiCases.messages.body);
  return fetch(`${gateway.url}/anthropic/v1/messages`, { method: "POST", headers, body });
}

test.each(
  algorithms.flatMap((alg) => ["authorization", "x-api-key", "x-aibridge-token"].map((name) => [alg, name])),
)("a JWT signed with %s is taken from %s and never goes upstream", async (alg, name) => {
  const token = (await keys.get(alg as string)?.sign(claims({ jti: name as string }))) as string;
  const response = await post({ [name as string]: name === "authorization" ? `Bearer ${token}` : token });
  expect(response.status).toBe(200);
  await response.text();
  const seen = gateway.provider.requests.at(-1);
  expect(seen?.headers["x-api-key"]).toBe("sk-ant-central-0123456789abcdef");
  expect(JSON.stringify(seen?.rawHeaders)).not.toContain(token);
  const { interception } = await gateway.interception(interceptionId(response));
  expect(interception).toMatchObject({
    initiatorId: "alice@example.com",
    apiKeyId: "",
    credentialKind: CredentialKind.CENTRALIZED,
  });
});

test("beside a JWT in X-AIBridge-Token, the user's own credential goes upstream", async () => {
  const own = { authorization: "Bearer sk-ant-oat-user-0123456789" };
  const response = await post({ ...own, "x-aibridge-token": await key.sign(claims()) });
  expect(response.status).toBe(200);
  await response.text();
  const seen = gateway.provider.requests.at(-1);
  expect(seen?.headers.authorization).toBe(own.authorization);
  expect(seen?.headers["x-api-key"]).toBeUndefined();
});

const seconds = () => Math.floor(Date.now() / 1000);

test.each<[what: string, make: () => Promise<string> | string]>([
  [
    "HS256",
    () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", kid: "key-ES256" })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk))),
  ],
  ["no signature", () => new UnsecuredJWT(claims()).encode()],
  ["an expired token", () => key.sign(claims({ exp: seconds() - 90 }))],
  ["another issuer", () => key.sign(claims({ iss: "https://evil.example" }))],
  ["another audience", () => key.sign(claims({ aud: "other" }))],
  ["no actor", () => key.sign(identityProvider.claims())],
  ["a stranger's key", async () => (await signingKey("ES256", "key-ES256")).sign(claims())],
  ["an aibridge token", () => gateway.token],
])("%s is a 401 in the provider's shape", async (_, make) => {
  const before = gateway.provider.requests.length;
  const token = await make();
  const refused = await post({ authorization: `Bearer ${token}` });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("x-should-retry")).toBe("false");
  const text = await refused.text();
  expect(JSON.parse(text)).toMatchObject({ type: "error", error: { type: "authentication_error" } });
  expect(text).not.toContain(token);
  expect(gateway.provider.requests.length).toBe(before);
});

test("a new key is found although nobody announced it, and the old one is known no more", async () => {
  const next = await signingKey("ES256", "next");
  identityProvider.publish(next);
  let tries = 0;
  await eventually(async () => {
    const response = await post({ "x-api-key": await next.sign(claims({ jti: `next ${tries++}` })) });
    return response.status === 200 || undefined;
  });
  const refused = await post({ "x-api-key": await key.sign(claims({ jti: "after the change" })) });
  expect(refused.status).toBe(401);
  identityProvider.publish(...keys.values());
});

test("keys that cannot be fetched are a 503; a changed configuration applies at once", async () => {
  const token = await key.sign(claims({ jti: "over a change" }));
  gateway.writeConfig(configText(gateway.provider.url, "http://127.0.0.1:1/keys"));
  const refused = await eventually(async () => {
    const response = await post({ "x-api-key": token });
    return response.status === 503 ? response : undefined;
  });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ type: "error", error: { type: "overloaded_error" } });
  gateway.writeConfig(configText(gateway.provider.url, identityProvider.jwksUrl));
  await eventually(async () => (await post({ "x-api-key": token })).ok || undefined);
});

test("no token is in a log or a metric", async () => {
  const token = await key.sign(claims({ jti: "not to be seen" }));
  const refused = await key.sign(claims({ jti: "not to be seen", aud: "other" }));
  await post({ "x-api-key": token });
  await post({ "x-api-key": refused });
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const everything = [metrics, gateway.dataPlane.output, gateway.controlPlane.output].join("\n");
  for (const secret of [token, refused]) {
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(secret.split(".")[2]);
  }
});
