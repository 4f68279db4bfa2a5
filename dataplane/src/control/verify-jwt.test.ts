import { type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type IdentityProvider,
  type SigningKey,
  signingKey,
  startIdentityProvider,
} from "../../../test/support/identity-provider.ts";
import type { JwtRules } from "./ports.ts";
import { jwtVerifier, type VerifyJwt } from "./verify-jwt.ts";

const algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
let keys: Map<string, SigningKey>;
let key: SigningKey;
let provider: IdentityProvider;
let rules: JwtRules;
let verify: VerifyJwt;

beforeAll(async () => {
  const made = await Promise.all(
    algorithms.map(async (alg) => [alg, await signingKey(alg, `key-${alg}`)] as const),
  );
  keys = new Map(made);
  key = keys.get("ES256") as SigningKey;
  provider = await startIdentityProvider(...keys.values());
  const { jwksUrl, issuer, audience } = provider;
  rules = { jwksUrl, issuer, audience, actorClaim: "sub" };
  verify = jwtVerifier(pino({ enabled: false }));
});
afterAll(() => provider[Symbol.asyncDispose]());

const seconds = () => Math.floor(Date.now() / 1000);

test.each(algorithms)("%s is accepted, and its claims are given on", async (alg) => {
  const claims = provider.claims({ groups: ["a", "b"], nested: { n: 1 } });
  const verified = await verify((await keys.get(alg)?.sign(claims)) as string, rules);
  expect(verified.claims).toEqual(claims);
});

test("the keys are kept from one token to the next", async () => {
  const before = provider.fetches;
  await verify(await key.sign(provider.claims()), rules);
  await verify(await key.sign(provider.claims({ sub: "bob" })), rules);
  expect(provider.fetches - before).toBeLessThanOrEqual(1);
});

test("a token serves until a minute after it expired", async () => {
  const { expiresInMs } = await verify(await key.sign(provider.claims({ exp: seconds() - 30 })), rules);
  expect(expiresInMs).toBeGreaterThan(28_000);
  expect(expiresInMs).toBeLessThanOrEqual(30_000);
});

test.each<[what: string, changed: () => JWTPayload]>([
  ["one audience among others", () => ({ aud: ["other", provider.audience] })],
  ["a clock that is half a minute ahead", () => ({ nbf: seconds() + 30 })],
])("%s is accepted", async (_, changed) => {
  await expect(verify(await key.sign(provider.claims(changed())), rules)).resolves.toBeDefined();
});

test.each<[what: string, changed: () => JWTPayload, message: RegExp]>([
  ["an expired token", () => ({ exp: seconds() - 61 }), /: it has expired\./],
  ["no expiry", () => ({ exp: undefined }) as unknown as JWTPayload, /: the claim exp is missing\./],
  ["an expiry that is no number", () => ({ exp: "never" as never }), /: its claim exp is not what/],
  ["a token from the future", () => ({ nbf: seconds() + 90 }), /: its claim nbf is not what/],
  ["another issuer", () => ({ iss: "https://evil.example" }), /: its claim iss is not what/],
  ["no issuer", () => ({ iss: undefined }) as unknown as JWTPayload, /: the claim iss is missing\./],
  ["another audience", () => ({ aud: "other" }), /: its claim aud is not what/],
  ["no audience", () => ({ aud: undefined }) as unknown as JWTPayload, /: the claim aud is missing\./],
  ["no actor", () => ({ sub: "" }), /: it has no text as its claim sub\./],
  ["an actor that is no text", () => ({ sub: 7 as never }), /: it has no text as its claim sub\./],
])("%s is refused", async (_, changed, message) => {
  const refusal = verify(await key.sign(provider.claims(changed())), rules);
  await expect(refusal).rejects.toMatchObject({
    code: "unauthenticated",
    message: expect.stringMatching(message),
  });
});

test("the actor is in the claim that the rules name", async () => {
  const byMail = { ...rules, actorClaim: "email" };
  await expect(verify(await key.sign(provider.claims()), byMail)).rejects.toThrow("its claim email");
  await expect(verify(await key.sign(provider.claims({ email: "a@b.c" })), byMail)).resolves.toBeDefined();
});

test.each<[what: string, make: () => Promise<string> | string]>([
  [
    "HS256 with the public key as its secret",
    () =>
      new SignJWT(provider.claims())
        .setProtectedHeader({ alg: "HS256", kid: "key-ES256" })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk))),
  ],
  ["alg none", () => new UnsecuredJWT(provider.claims()).encode()],
  [
    "a stranger's key under a known id",
    async () => (await signingKey("ES256", "key-ES256")).sign(provider.claims()),
  ],
  ["a key id nobody knows", async () => (await signingKey("ES256", "unknown")).sign(provider.claims())],
  ["changed claims", async () => tampered(await key.sign(provider.claims()))],
  ["an aibridge token", () => "aib_0123456789abcdef"],
  ["three dots", () => "..."],
])("%s is refused", async (_, make) => {
  await expect(verify(await make(), rules)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("keys that cannot be had are no fault of the token", async () => {
  const unreachable = { ...rules, jwksUrl: "http://127.0.0.1:1/keys" };
  await expect(verify(await key.sign(provider.claims()), unreachable)).rejects.toMatchObject({
    code: "actors_unavailable",
  });
});

/** The same token for somebody else. */
function tampered(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  return [
    header,
    Buffer.from(JSON.stringify({ ...claims, sub: "root" })).toString("base64url"),
    signature,
  ].join(".");
}
