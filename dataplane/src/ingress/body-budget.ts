import { GatewayError } from "../errors/gateway-error.ts";

/** Counts the request bytes that are held in memory by all requests together. */
export class BodyBudget {
  #used = 0;

  get used(): number {
    return this.#used;
  }

  /** Takes bytes; false if that would be more than `limit` in all. */
  take(bytes: number, limit: number): boolean {
    if (this.#used + bytes > limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** What one request holds of the budget for bodies that grow and shrink. */
export class BudgetShare {
  readonly #budget: BodyBudget;
  readonly #limit: number;
  #held = 0;

  /** @param limit bytes of all requests together */
  constructor(budget: BodyBudget, limit: number) {
    this.#budget = budget;
    this.#limit = limit;
  }

  /** Holds so many bytes from now on; false if there is no room for more, then it holds what it did. */
  resize(bytes: number): boolean {
    const more = bytes - this.#held;
    if (more > 0 && !this.#budget.take(more, this.#limit)) return false;
    if (more < 0) this.#budget.give(-more);
    this.#held = bytes;
    return true;
  }
}

/** There is no room for a body at the moment. */
export function overBudget(): GatewayError {
  return new GatewayError(
    "overloaded",
    "The gateway holds too many request bytes right now. Try again shortly.",
    { retryAfter: 1 },
  );
}
