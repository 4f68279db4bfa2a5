import type { Actor } from "@aibridge/proto";
import type { JsonObject } from "@bufbuild/protobuf";

/** What a JWT must be to be accepted. */
export interface JwtRules {
  /** Where the signing keys are. */
  readonly jwksUrl: string;
  /** The `iss` it must have. */
  readonly issuer: string;
  /** The `aud` it must have, alone or among others. */
  readonly audience: string;
  /** The claim that is the actor's id: "sub". */
  readonly actorClaim: string;
}

/** A credential that an actor service can judge. */
export type ActorCredential =
  /** An aibridge token. Secret. */
  | { readonly kind: "token"; readonly token: string }
  /** An actor id that a trusted proxy put into a header. */
  | { readonly kind: "trusted_actor_id"; readonly actorId: string }
  /** Claims of a JWT whose signature was verified. */
  | { readonly kind: "jwt_claims"; readonly claims: JsonObject };

/** A credential as the caller presented it: a JWT is still to be verified. Its text is secret. */
export type PresentedCredential =
  | Exclude<ActorCredential, { kind: "jwt_claims" }>
  | { readonly kind: "jwt"; readonly token: string; readonly rules: JwtRules };

/** A credential with what a policy may want to look at. */
export interface ActorQuery<Credential = PresentedCredential> {
  readonly credential: Credential;
  readonly providerName: string;
  readonly route: string;
  readonly client: string;
  readonly userAgent: string;
  readonly remoteAddress: string;
}

/** Who is calling. */
export interface ResolvedActor {
  readonly actor: Actor;
  readonly byokAllowed: boolean;
}

/** An actor service's answer with its time of validity. */
export interface ActorAnswer extends ResolvedActor {
  /** Milliseconds for which the answer may be kept. */
  readonly cacheForMs: number;
  /** Milliseconds after which the credential itself has expired. Absent: not known. */
  readonly expiresInMs?: number;
}

/** Asks an actor service. Rejects with a ConnectError. */
export type AskActor = (query: ActorQuery<ActorCredential>) => Promise<ActorAnswer>;

/** Finds out who presented a credential. Rejects with a ConnectError or a GatewayError. */
export type IdentifyCaller = (query: ActorQuery) => Promise<ActorAnswer>;

/** Answers who is calling. Returns at once what is known; rejects or throws a GatewayError. */
export interface Actors {
  resolve(query: ActorQuery): ResolvedActor | Promise<ResolvedActor>;
}
