import type { IncomingMessage } from "node:http";
import { GatewayError } from "../../errors/gateway-error.ts";
import type { IdentityRules } from "../../plan/runtime-identity.ts";
import type { Credentials } from "./credentials.ts";
import { ownCredential } from "./own-credential.ts";

type TrustedHeaderRules = Extract<IdentityRules, { mode: "trusted_header" }>;

/** Longest actor id that is recorded whole, in characters. */
const maxLength = 255;

/**
 * Reads the actor's id from the header that a trusted proxy sets. Who may set it is decided by the TCP peer alone:
 * X-Forwarded-For and the like are a client's word.
 *
 * Authorization and X-Api-Key name nobody here, but they are not the user's own provider credential by themselves either:
 * SDKs fill them with placeholders and proxies with tokens of the company's own, which are nothing for a provider to see.
 * They are only where the caller says so by sending X-AIBridge-Token beside them (as in the other modes; its value names
 * nobody), and where there is no other way (`byokOnly`). Throws `unauthenticated`.
 */
export function trustedHeader(
  request: IncomingMessage,
  rules: TrustedHeaderRules,
  byokOnly: boolean,
): Credentials {
  if (!rules.trusts(request.socket.remoteAddress))
    throw new GatewayError(
      "unauthenticated",
      "This gateway is told who is calling by a proxy in front of it, and this request did not come from there. Use the proxy's address.",
    );
  const { headers } = request;
  const own = headers["x-aibridge-token"];
  return {
    identity: { kind: "trusted_actor_id", actorId: actorId(request.headersDistinct[rules.header]) },
    byok: own !== undefined || byokOnly ? ownCredential(headers, own?.toString()) : undefined,
  };
}

/** Exactly one value counts: of two, one may be the client's own, which a careless proxy let through. */
function actorId(values: readonly string[] | undefined): string {
  const [value, ...others] = values ?? [];
  if (value === undefined)
    throw new GatewayError(
      "unauthenticated",
      "The proxy in front of this gateway did not say who is calling. Sign in there, or ask your administrator.",
    );
  const id = others.length === 0 ? utf8(value).trim() : "";
  if (id === "" || id.length > maxLength)
    throw new GatewayError(
      "unauthenticated",
      "The proxy in front of this gateway did not say clearly who is calling. Ask your administrator.",
    );
  return id;
}

/** Node reads header bytes as Latin-1; proxies write names in UTF-8. Anything else is no text. */
function utf8(value: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return "";
  }
}
