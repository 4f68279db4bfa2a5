import { type ActorService, type ResolveActorRequest, ResolveActorResponseSchema } from "@aibridge/proto";
import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Actors, Credential } from "../domain/actors.ts";
import { Failure } from "../domain/failure.ts";
import { durationOfMicros } from "./times.ts";

export interface ActorDependencies {
  readonly actors: Actors;
  /** The JWT claim that is the actor's id, as configured now; empty for the default, "sub". */
  readonly actorClaim: () => string;
}

/** ActorService over the tokens of this control plane. */
export function actorService({ actors, actorClaim }: ActorDependencies): ServiceImpl<typeof ActorService> {
  return {
    async resolveActor(request) {
      const { actor, apiKeyId, cacheFor } = await actors.resolve(
        credentialOf(request),
        actorClaim() || "sub",
      );
      return create(ResolveActorResponseSchema, {
        actor: { id: actor, name: actor, apiKeyId },
        byokAllowed: true,
        cacheFor: durationOfMicros(cacheFor),
      });
    },
  };
}

function credentialOf({ credential }: ResolveActorRequest): Credential {
  switch (credential.case) {
    case "token":
      return { kind: "token", token: credential.value };
    case "trustedActorId":
      return { kind: "trusted_actor_id", actorId: credential.value };
    case "jwtClaims":
      return { kind: "jwt_claims", claims: credential.value };
    default:
      throw new Failure("invalid_argument", "the request has no credential");
  }
}
