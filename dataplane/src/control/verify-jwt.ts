import type { JsonObject } from "@bufbuild/protobuf";
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { GatewayError } from "../errors/gateway-error.ts";
import type { Logger } from "../telemetry/log.ts";
import type { JwtRules } from "./ports.ts";
import { RemoteKeys } from "./remote-keys.ts";

/** A JWT that holds. */
export interface VerifiedJwt {
  readonly claims: JsonObject;
  /** Milliseconds until it has expired, the skew included. */
  readonly expiresInMs: number;
}

/** Verifies JWTs. Rejects with a GatewayError: 401, or 503 if the keys cannot be had. */
export type VerifyJwt = (token: string, rules: JwtRules) => Promise<VerifiedJwt>;

/** Signatures with a key pair only: who can verify a token must not be able to make one (so no HMAC, and never "none"). */
const algorithms: NonNullable<JWTVerifyOptions["algorithms"]> = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const),
];

/** How far the clocks of the issuer and the gateway may be apart. */
const skewMs = 60_000;

/** Verifies JWTs with the keys of the rules' URL, which are kept from one token to the next. */
export function jwtVerifier(log: Logger): VerifyJwt {
  let keys: RemoteKeys | undefined;
  return async (token, rules) => {
    if (keys?.url !== rules.jwksUrl) keys = new RemoteKeys({ url: rules.jwksUrl, log });
    const claims = await verifiedClaims(token, rules, keys);
    checkActorClaim(claims, rules.actorClaim);
    const { exp } = claims as JWTPayload & { exp: number };
    return { claims: claims as JsonObject, expiresInMs: exp * 1000 + skewMs - Date.now() };
  };
}

async function verifiedClaims(token: string, rules: JwtRules, keys: RemoteKeys): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys.find, {
      algorithms,
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: ["exp"],
      clockTolerance: skewMs / 1000,
    });
    return payload;
  } catch (error) {
    throw error instanceof GatewayError ? error : refused(whatIsWrong(error));
  }
}

function checkActorClaim(claims: JWTPayload, name: string): void {
  const actor = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof actor !== "string" || actor === "") throw refused(`it has no text as its claim ${name}`);
}

/** Says what to look at, in words of our own: the library's messages are for programmers. */
function whatIsWrong(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === "missing"
      ? `the claim ${error.claim} is missing`
      : `its claim ${error.claim} is not what this gateway accepts`;
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return "it does not say (kid) which of several keys signed it";
  return "it is not a JWT signed by a key that this gateway trusts";
}

function refused(problem: string): GatewayError {
  return new GatewayError(
    "unauthenticated",
    `Your token was refused: ${problem}. Sign in again for a new one, or ask your administrator.`,
  );
}
