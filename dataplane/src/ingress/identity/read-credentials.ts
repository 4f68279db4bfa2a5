import type { IncomingMessage } from "node:http";
import type { IdentityRules } from "../../plan/runtime-identity.ts";
import type { Credentials } from "./credentials.ts";
import { presentedToken } from "./presented-token.ts";
import { trustedHeader } from "./trusted-header.ts";

/**
 * Reads who is calling from the headers of a request, in the way that the configuration says (`identity.mode`).
 * @param byokOnly the provider takes the user's own credential only
 * @throws GatewayError `unauthenticated`
 */
export function readCredentials(
  request: IncomingMessage,
  rules: IdentityRules,
  byokOnly: boolean,
): Credentials {
  switch (rules.mode) {
    case "token": {
      const { token, byok } = presentedToken(request.headers);
      return { identity: { kind: "token", token }, byok };
    }
    case "jwt": {
      const { token, byok } = presentedToken(request.headers);
      return { identity: { kind: "jwt", token, rules }, byok };
    }
    case "trusted_header":
      return trustedHeader(request, rules, byokOnly);
  }
}
