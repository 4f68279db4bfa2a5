import { hash } from "node:crypto";
import type { PresentedCredential } from "./ports.ts";

/**
 * SHA-256 of a credential, in base64, which stands for it wherever something is kept by credential. How the credential
 * was presented is part of it: the same text under other rules is another credential.
 */
export function credentialKey(credential: PresentedCredential): string {
  return hash("sha256", identityOf(credential).join("\n"), "base64");
}

function identityOf(credential: PresentedCredential): readonly string[] {
  switch (credential.kind) {
    case "token":
      return ["token", credential.token];
    case "trusted_actor_id":
      return ["trusted_actor_id", credential.actorId];
    case "jwt": {
      const { jwksUrl, issuer, audience, actorClaim } = credential.rules;
      return ["jwt", jwksUrl, JSON.stringify([issuer, audience, actorClaim]), credential.token];
    }
  }
}
