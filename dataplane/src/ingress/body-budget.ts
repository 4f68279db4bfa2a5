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
