import type { IncomingHttpHeaders } from "node:http";
import { secretsEqual } from "@aibridge/proto/channel";
import { maskCredential } from "../../config/mask.ts";
import type { UpstreamCredential } from "../../upstream/credential.ts";

/**
 * The user's own provider credential (BYOK): Authorization and X-Api-Key as they came.
 * @param token the aibridge credential, which is never taken for a provider's, wherever it is repeated
 */
export function ownCredential(
  headers: IncomingHttpHeaders,
  token: string | undefined,
): UpstreamCredential | undefined {
  const isToken = (text: string) => token !== undefined && secretsEqual(text, token);
  const found: [string, string][] = [];
  const { authorization } = headers;
  const apiKey = headers["x-api-key"];
  if (authorization !== undefined && !isToken(withoutScheme(authorization)))
    found.push(["authorization", authorization]);
  if (typeof apiKey === "string" && !isToken(apiKey.trim())) found.push(["x-api-key", apiKey]);
  const [first] = found;
  return first && { headers: found, hint: maskCredential(withoutScheme(first[1])), byok: true };
}

function withoutScheme(authorization: string): string {
  return authorization.replace(/^\S+ +/, "").trim();
}
