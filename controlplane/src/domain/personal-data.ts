import type { DeletionStore } from "../store/store.ts";
import { Failure } from "./failure.ts";

const BATCH = 500;

/** Deletes what was recorded about a person. */
export class PersonalData {
  readonly #store: Pick<DeletionStore, "deleteOfActor">;

  constructor(store: Pick<DeletionStore, "deleteOfActor">) {
    this.#store = store;
  }

  /**
   * Deletes an actor's interceptions with everything recorded about them, in batches: a failure on the way leaves the
   * rest, which the same call deletes when it is made again.
   * @param startedBefore microseconds; those started then or later stay
   * @returns how many interceptions were deleted
   * @throws Failure "invalid_argument"
   */
  async delete(actor: string, startedBefore: bigint | undefined): Promise<bigint> {
    if (actor === "") {
      throw new Failure("invalid_argument", "actor is missing");
    }
    if (startedBefore === undefined) {
      throw new Failure("invalid_argument", "started_before is missing");
    }
    let deleted = 0n;
    for (;;) {
      const count = await this.#store.deleteOfActor({ actor, startedBefore, limit: BATCH });
      deleted += BigInt(count);
      if (count < BATCH) {
        return deleted;
      }
    }
  }
}
