import type { ActorCredential, AskActor, IdentifyCaller, PresentedCredential } from "./ports.ts";
import type { VerifyJwt } from "./verify-jwt.ts";

/** Asks the actor service whose a credential is; of a JWT it gets the claims, once they are known to be true. */
export function identifyCaller(ask: AskActor, verify: VerifyJwt): IdentifyCaller {
  return async (query) => {
    const { credential, expiresInMs } = await verified(query.credential, verify);
    const answer = await ask({ ...query, credential });
    return expiresInMs === undefined ? answer : { ...answer, expiresInMs };
  };
}

async function verified(
  credential: PresentedCredential,
  verify: VerifyJwt,
): Promise<{ credential: ActorCredential; expiresInMs?: number }> {
  if (credential.kind !== "jwt") return { credential };
  const { claims, expiresInMs } = await verify(credential.token, credential.rules);
  return { credential: { kind: "jwt_claims", claims }, expiresInMs };
}
