import { errors } from "jose";
import { pino } from "pino";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type IdentityProvider,
  type SigningKey,
  signingKey,
  startIdentityProvider,
} from "../../../test/support/identity-provider.ts";
import { RemoteKeys } from "./remote-keys.ts";

const minute = 60_000;
let old: SigningKey;
let fresh: SigningKey;
let provider: IdentityProvider;
let now: number;
let logged: string[];

beforeAll(async () => {
  [old, fresh] = await Promise.all([signingKey("ES256", "old"), signingKey("ES256", "fresh")]);
});
beforeEach(async () => {
  provider = await startIdentityProvider(old);
  now = 0;
  logged = [];
});
afterEach(() => provider[Symbol.asyncDispose]());

function remoteKeys(): RemoteKeys {
  const log = pino({}, { write: (line: string) => logged.push(JSON.parse(line).msg) });
  return new RemoteKeys({ url: provider.jwksUrl, log, now: () => now });
}

/** The key for a token that names this key id. */
const find = (keys: RemoteKeys, kid: string) =>
  keys.find({ alg: "ES256", kid }, { payload: "", signature: "" });
const unavailable = { code: "actors_unavailable", status: 503 };

test("keys are fetched once for all who ask at the same time, and again after ten minutes", async () => {
  const keys = remoteKeys();
  await Promise.all([find(keys, "old"), find(keys, "old"), find(keys, "old")]);
  now = 10 * minute - 1;
  await find(keys, "old");
  expect(provider.fetches).toBe(1);
  now = 10 * minute;
  await find(keys, "old");
  expect(provider.fetches).toBe(2);
});

test("a withdrawn key stops working after ten minutes", async () => {
  const keys = remoteKeys();
  await find(keys, "old");
  provider.publish(fresh);
  now = 10 * minute;
  await expect(find(keys, "old")).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
});

test("a key id that is not known is looked for, once in five seconds", async () => {
  const keys = remoteKeys();
  await find(keys, "old");
  now = 5_000;
  await expect(find(keys, "fresh")).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  await expect(find(keys, "invented")).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(provider.fetches).toBe(2);
  provider.publish(old, fresh);
  now = 10_000;
  await find(keys, "fresh");
  await find(keys, "old");
  expect(provider.fetches).toBe(3);
});

test.each([
  { status: 500 },
  { status: 200, body: "<html>" },
  { status: 200, body: '{"keys":7}' },
  { status: 302, location: "/elsewhere" },
])("an answer of %o is none: 503, and asked again after five seconds", async (answer) => {
  const keys = remoteKeys();
  provider.answer(answer);
  await expect(find(keys, "old")).rejects.toMatchObject(unavailable);
  await expect(find(keys, "old")).rejects.toMatchObject(unavailable);
  expect(provider.fetches).toBe(1);
  provider.answer();
  now = 5_000;
  await find(keys, "old");
  expect(logged).toEqual([
    "the signing keys cannot be fetched: trying again",
    "the signing keys can be fetched again",
  ]);
});

test("known keys serve for an hour while new ones cannot be fetched", async () => {
  const keys = remoteKeys();
  await find(keys, "old");
  provider.answer({ status: 503 });
  now = 60 * minute - 1;
  await find(keys, "old");
  // It may have been published in the meantime.
  await expect(find(keys, "fresh")).rejects.toMatchObject(unavailable);
  now = 60 * minute;
  await expect(find(keys, "old")).rejects.toMatchObject(unavailable);
  expect(logged).toEqual(["the signing keys cannot be fetched: trying again"]);
});

test("nobody there is 503", async () => {
  const keys = remoteKeys();
  const { jwksUrl } = provider;
  await provider[Symbol.asyncDispose]();
  provider = await startIdentityProvider();
  expect(keys.url).toBe(jwksUrl);
  await expect(find(keys, "old")).rejects.toMatchObject(unavailable);
});
