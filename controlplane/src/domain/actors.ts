import { digestSecret } from "@aibridge/proto/channel";
import type { CredentialStore, Token } from "../store/store.ts";
import { Failure } from "./failure.ts";
import { type Clock, microsOfMillis } from "./micros.ts";

/** How long a data plane may keep an answer, in microseconds. */
const CACHE_FOR = 60_000_000n;
/** Longest actor that can be recorded. */
const MAX_ACTOR_CHARACTERS = 255;

/** What a caller presented. */
export type Credential =
  | { kind: "token"; token: string }
  | { kind: "trusted_actor_id"; actorId: string }
  | { kind: "jwt_claims"; claims: Readonly<Record<string, unknown>> };

/** Who is calling. */
export interface ResolvedActor {
  /** Identity and name alike: the built-in control plane knows nothing else of actors. */
  readonly actor: string;
  /** Id of the token; empty if there is none. */
  readonly apiKeyId: string;
  /** Microseconds this may be kept; never beyond the token's expiry. */
  readonly cacheFor: bigint;
}

/** Says who is calling. */
export class Actors {
  readonly #store: Pick<CredentialStore, "findToken">;
  readonly #clock: Clock;

  constructor(store: Pick<CredentialStore, "findToken">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * The actor of a credential.
   * @param actorClaim the JWT claim that is the actor's id
   * @throws Failure "unauthenticated", without saying which of unknown, revoked and expired a token is
   */
  async resolve(credential: Credential, actorClaim: string): Promise<ResolvedActor> {
    switch (credential.kind) {
      case "token":
        return this.#resolveToken(credential.token);
      case "trusted_actor_id":
        return withoutToken(credential.actorId, "the trusted actor id is empty");
      case "jwt_claims":
        return withoutToken(credential.claims[actorClaim], `the claim ${actorClaim} is not a text`);
    }
  }

  async #resolveToken(secret: string): Promise<ResolvedActor> {
    const token = await this.#store.findToken(digestSecret(secret));
    const now = microsOfMillis(this.#clock());
    const goodFor = token === undefined ? 0n : remaining(token, now);
    if (token === undefined || goodFor <= 0n) {
      throw new Failure("unauthenticated", "the token is not known, revoked or expired");
    }
    return { actor: token.actor, apiKeyId: token.id, cacheFor: goodFor };
  }
}

function remaining(token: Token, now: bigint): bigint {
  if (token.revokedAt !== null) {
    return 0n;
  }
  const untilExpiry = token.expiresAt === null ? CACHE_FOR : token.expiresAt - now;
  return untilExpiry < CACHE_FOR ? untilExpiry : CACHE_FOR;
}

function withoutToken(actor: unknown, problem: string): ResolvedActor {
  if (typeof actor !== "string" || actor === "") {
    throw new Failure("unauthenticated", problem);
  }
  if ([...actor].length > MAX_ACTOR_CHARACTERS) {
    throw new Failure("unauthenticated", `the actor has more than ${MAX_ACTOR_CHARACTERS} characters`);
  }
  return { actor, apiKeyId: "", cacheFor: CACHE_FOR };
}
