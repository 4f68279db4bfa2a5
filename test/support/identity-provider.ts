import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** A key pair of an identity provider. */
export interface SigningKey {
  readonly publicJwk: JWK;
  /** Signs exactly these claims. */
  sign(claims: JWTPayload): Promise<string>;
}

/** Makes a key pair for an algorithm such as "RS256". */
export async function signingKey(alg: string, kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return {
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(privateKey),
  };
}

/** A real HTTP server that publishes keys as an identity provider does. */
export interface IdentityProvider extends AsyncDisposable {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** How often the keys were asked for. */
  readonly fetches: number;
  /** Replaces the published keys. */
  publish(...keys: readonly SigningKey[]): void;
  /** Answers otherwise from now on; nothing given: with the keys again. */
  answer(other?: { readonly status: number; readonly body?: string; readonly location?: string }): void;
  /** Claims that are accepted: alice's, for the next five minutes. */
  claims(changed?: JWTPayload): JWTPayload;
}

/** Starts an identity provider that publishes these keys. */
export async function startIdentityProvider(...keys: readonly SigningKey[]): Promise<IdentityProvider> {
  let published = keys;
  let other: Parameters<IdentityProvider["answer"]>[0];
  let fetches = 0;
  const server = createServer((_, response) => {
    fetches++;
    const { status = 200, body, location } = other ?? {};
    response.writeHead(status, { "content-type": "application/json", ...(location && { location }) });
    response.end(body ?? JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    jwksUrl: `${issuer}/keys`,
    issuer,
    audience: "aibridge-test",
    get fetches() {
      return fetches;
    },
    publish: (...next) => {
      published = next;
    },
    answer: (next) => {
      other = next;
    },
    claims: (changed) => ({
      iss: issuer,
      aud: "aibridge-test",
      sub: "alice",
      exp: Math.floor(Date.now() / 1000) + 300,
      ...changed,
    }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
