import type { ActorService } from "@aibridge/proto";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { ActorCredential, AskActor } from "./ports.ts";

/** Longest wait for an actor service's answer. */
const timeoutMs = 5_000;

/** Asks an ActorService over its client. */
export function askActor(client: Client<typeof ActorService>): AskActor {
  return async ({ credential, ...query }) => {
    const answer = await client.resolveActor({ credential: toMessage(credential), ...query }, { timeoutMs });
    if (answer.actor === undefined || answer.actor.id === "")
      throw new ConnectError("the actor service answered without an actor", Code.Unavailable);
    const cacheForMs = answer.cacheFor === undefined ? 0 : durationMs(answer.cacheFor);
    return { actor: answer.actor, byokAllowed: answer.byokAllowed, cacheForMs };
  };
}

function toMessage(credential: ActorCredential) {
  switch (credential.kind) {
    case "token":
      return { case: "token", value: credential.token } as const;
    case "trusted_actor_id":
      return { case: "trustedActorId", value: credential.actorId } as const;
    case "jwt_claims":
      return { case: "jwtClaims", value: credential.claims } as const;
  }
}
