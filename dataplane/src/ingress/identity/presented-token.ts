import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../../errors/gateway-error.ts";
import type { UpstreamCredential } from "../../upstream/credential.ts";
import { ownCredential } from "./own-credential.ts";

/** The text that names the caller in the modes token and jwt. */
export interface PresentedToken {
  /** An aibridge token or a JWT, not yet checked. Secret. */
  readonly token: string;
  readonly byok: UpstreamCredential | undefined;
}

const howTo =
  "Send your token as the header X-AIBridge-Token, as Authorization: Bearer <token>, or as X-Api-Key.";

/** JWTs of directories that list a user's groups grow large; Node's own bound is 32 KiB for all headers. */
const maxLength = 16 * 1024;

/**
 * Finds the token: X-AIBridge-Token, else Authorization: Bearer, else X-Api-Key. The first that is present decides. Only
 * with X-AIBridge-Token are the other two the user's own provider credential, and never if they repeat the token. Throws
 * `unauthenticated`.
 */
export function presentedToken(headers: IncomingHttpHeaders): PresentedToken {
  const own = headers["x-aibridge-token"];
  if (own !== undefined) {
    const token = single(own);
    return { token, byok: ownCredential(headers, token) };
  }
  if (headers.authorization !== undefined)
    return { token: single(bearer(headers.authorization)), byok: undefined };
  const apiKey = headers["x-api-key"];
  if (apiKey !== undefined) return { token: single(apiKey), byok: undefined };
  throw new GatewayError("unauthenticated", `No credential was sent. ${howTo}`);
}

function bearer(authorization: string): string {
  const match = /^bearer +(\S+) *$/i.exec(authorization);
  if (match === null)
    throw new GatewayError("unauthenticated", `The Authorization header is not a bearer token. ${howTo}`);
  return match[1] as string;
}

function single(value: string | string[]): string {
  const text = (typeof value === "string" ? value : "").trim();
  if (text === "" || text.length > maxLength)
    throw new GatewayError("unauthenticated", `The credential is empty or malformed. ${howTo}`);
  return text;
}
