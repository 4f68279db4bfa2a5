import { GatewayError } from "../errors/gateway-error.ts";

/** How many requests are taken on at once. */
export interface ConcurrencyBounds {
  /** By the whole data plane (`limits.concurrency`). */
  readonly concurrency: number;
  /** For one actor (`limits.per_actor_concurrency`). */
  readonly perActorConcurrency: number;
}

/**
 * Counts requests under way, in all and by actor. A request counts from the moment its caller is known, so that
 * strangers cannot take the room of those who may use the gateway, until its answer ended.
 */
export class ConcurrencyLimits {
  #requests = 0;
  readonly #byActor = new Map<string, number>();

  /** Requests under way. */
  get requests(): number {
    return this.#requests;
  }

  /** Actors with requests under way. */
  get actors(): number {
    return this.#byActor.size;
  }

  /**
   * Takes a place for a request. The bounds are those in force when it comes: a lowered bound ends nothing that runs.
   * @returns how to give the place back, to be called once
   * @throws GatewayError `overloaded` or `rate_limited`
   */
  enter(actorId: string, { concurrency, perActorConcurrency }: ConcurrencyBounds): () => void {
    if (this.#requests >= concurrency)
      throw new GatewayError(
        "overloaded",
        "The gateway is serving all the requests it can. Try again shortly.",
        {
          retryAfter: 1,
        },
      );
    const own = this.#byActor.get(actorId) ?? 0;
    if (own >= perActorConcurrency)
      throw new GatewayError(
        "rate_limited",
        `You have ${own} requests under way, which is as many as one user may have. Try again when one has ended.`,
        { retryAfter: 1 },
      );
    this.#requests += 1;
    this.#byActor.set(actorId, own + 1);
    return () => this.#leave(actorId);
  }

  #leave(actorId: string): void {
    this.#requests -= 1;
    const left = (this.#byActor.get(actorId) ?? 1) - 1;
    if (left === 0) this.#byActor.delete(actorId);
    else this.#byActor.set(actorId, left);
  }
}
