import type { Actor } from "@aibridge/proto";

/** What a caller presented, with what a policy may want to look at. */
export interface ActorQuery {
  readonly token: string;
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
}

/** Asks an actor service. Rejects with a ConnectError. */
export type AskActor = (query: ActorQuery) => Promise<ActorAnswer>;

/** Answers who is calling. Returns at once what is known; rejects or throws a GatewayError. */
export interface Actors {
  resolve(query: ActorQuery): ResolvedActor | Promise<ResolvedActor>;
}
