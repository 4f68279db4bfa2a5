import {
  API_VERSION_HEADER,
  AUTHORIZATION_HEADER,
  checkApiVersion,
  digestSecret,
  MIN_KEY_LENGTH,
  readBearer,
  secretsEqual,
} from "@aibridge/proto/channel";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallHost } from "./call-host.ts";
import type { CheckGatewayKey, GatewayIdentity, RecorderServiceOptions } from "./options.ts";

/** Says whose call it is by its headers. @throws ConnectError UNAUTHENTICATED, FAILED_PRECONDITION or UNAVAILABLE */
export type GatewayGate = (headers: Pick<Headers, "get">) => Promise<GatewayIdentity>;

/**
 * Refuses calls without a gateway key that is known, and callers that speak another version of the contract.
 * @throws RangeError for a key that is too short
 */
export function gatewayGate(keys: RecorderServiceOptions["keys"], callHost: CallHost): GatewayGate {
  const checkKey = typeof keys === "function" ? keys : knownKeys(keys);
  return async (headers) => {
    const key = readBearer(headers.get(AUTHORIZATION_HEADER));
    if (key === undefined) {
      throw new ConnectError("send a gateway key as authorization: Bearer <key>", Code.Unauthenticated);
    }
    const identity = await lookUp(() => checkKey(key), callHost);
    if (identity === undefined) {
      throw new ConnectError("the gateway key is not known or was revoked", Code.Unauthenticated);
    }
    const problem = checkApiVersion(headers.get(API_VERSION_HEADER));
    if (problem !== undefined) {
      throw new ConnectError(problem, Code.FailedPrecondition);
    }
    return identity;
  };
}

/** A host that cannot tell must not refuse: the data plane would take its key for a wrong one. */
async function lookUp(check: () => ReturnType<CheckGatewayKey>, callHost: CallHost) {
  try {
    return await callHost("keys", check);
  } catch {
    throw new ConnectError("gateway keys cannot be checked now", Code.Unavailable);
  }
}

function knownKeys(keys: readonly string[]): CheckGatewayKey {
  if (keys.length === 0 || keys.some((key) => key.length < MIN_KEY_LENGTH)) {
    throw new RangeError(`keys: give at least one gateway key, each of ${MIN_KEY_LENGTH} characters or more`);
  }
  const digests = keys.map(digestSecret);
  return (key) => {
    const digest = digestSecret(key);
    return digests.some((known) => secretsEqual(known, digest)) ? {} : undefined;
  };
}
