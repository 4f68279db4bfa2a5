import type { IncomingHttpHeaders } from "node:http";
import { secretsEqual } from "@aibridge/proto/channel";
import { maskCredential } from "../config/mask.ts";
import { GatewayError } from "../errors/gateway-error.ts";
import type { UpstreamCredential } from "../upstream/credential.ts";

/** What a request says of who makes it, read from its headers alone. */
export interface Credentials {
  /** The aibridge token. Secret; never goes upstream. */
  readonly token: string;
  /** The user's own provider credential, undefined where the central key pays. Secret. */
  readonly byok: UpstreamCredential | undefined;
}

const howTo =
  "Send your aibridge token as the header X-AIBridge-Token, as Authorization: Bearer <token>, or as X-Api-Key.";

/**
 * Finds the aibridge token: X-AIBridge-Token, else Authorization: Bearer, else X-Api-Key. The first that is present
 * decides. Only with X-AIBridge-Token are the other two the user's own provider credential, and never if they repeat
 * the token. Throws `unauthenticated`.
 */
export function readCredentials(headers: IncomingHttpHeaders): Credentials {
  const own = headers["x-aibridge-token"];
  if (own !== undefined) {
    const token = single(own);
    return { token, byok: readByok(headers, token) };
  }
  if (headers.authorization !== undefined) return { token: bearer(headers.authorization), byok: undefined };
  const apiKey = headers["x-api-key"];
  if (apiKey !== undefined) return { token: single(apiKey), byok: undefined };
  throw new GatewayError("unauthenticated", `No credential was sent. ${howTo}`);
}

function readByok(headers: IncomingHttpHeaders, token: string): UpstreamCredential | undefined {
  const found: [string, string][] = [];
  const { authorization } = headers;
  const apiKey = headers["x-api-key"];
  if (authorization !== undefined && !secretsEqual(withoutScheme(authorization), token))
    found.push(["authorization", authorization]);
  if (typeof apiKey === "string" && !secretsEqual(apiKey.trim(), token)) found.push(["x-api-key", apiKey]);
  const [first] = found;
  return first && { headers: found, hint: maskCredential(withoutScheme(first[1])), byok: true };
}

function bearer(authorization: string): string {
  const match = /^bearer +(\S+) *$/i.exec(authorization);
  if (match === null)
    throw new GatewayError("unauthenticated", `The Authorization header is not a bearer token. ${howTo}`);
  return match[1] as string;
}

function withoutScheme(authorization: string): string {
  return authorization.replace(/^\S+ +/, "").trim();
}

function single(value: string | string[]): string {
  const text = (typeof value === "string" ? value : "").trim();
  if (text === "" || text.length > 4096)
    throw new GatewayError("unauthenticated", `The credential is empty or malformed. ${howTo}`);
  return text;
}
