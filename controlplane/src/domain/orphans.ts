import type { DeletionStore, OpenInterceptions, RecordStore } from "../store/store.ts";
import { derivedId, firstIdAt } from "./id-time.ts";
import { microsOfMillis } from "./micros.ts";
import type { ValidRecord } from "./records.ts";

/** Interceptions looked at at a time. */
const BATCH = 2000;
const EVERYTHING = firstIdAt(0);

/** Where open interceptions are found and their ends go. */
export interface OrphanStores {
  readonly deletions: Pick<DeletionStore, "findOpen">;
  readonly records: RecordStore;
}

/** Gives interceptions that never ended a provisional end, which a real one replaces whenever it arrives. */
export class Orphans {
  readonly #stores: OrphanStores;
  #from = EVERYTHING;

  constructor(stores: OrphanStores) {
    this.#stores = stores;
  }

  /** Makes the next {@link close} look at everything again: some may have arrived long after they were started. */
  lookAtAllAgain(): void {
    this.#from = EVERYTHING;
  }

  /**
   * Closes what was started before a time and after what was looked at already.
   * @param startedBefore milliseconds since 1970
   * @param now milliseconds since 1970
   * @param mayGoOn asked before each batch; false stops
   * @returns how many were closed
   */
  async close(startedBefore: number, now: number, mayGoOn: () => Promise<boolean>): Promise<number> {
    const before = firstIdAt(startedBefore);
    let closed = 0;
    while (this.#from < before && (await mayGoOn())) {
      const { open, next } = await this.#stores.deletions.findOpen({
        from: this.#from,
        before,
        limit: BATCH,
      });
      await this.#stores.records.save(open.map((interception) => provisionalEnd(interception, now)));
      closed += open.length;
      this.#from = next ?? before;
    }
    return closed;
  }
}

function provisionalEnd({ id, startedAt }: OpenInterceptions["open"][number], now: number): ValidRecord {
  const endedAt = microsOfMillis(now);
  return {
    kind: "interception_ended",
    value: {
      id: derivedId(id, "orphaned"),
      interceptionId: id,
      endedAt: endedAt < startedAt ? startedAt : endedAt,
      outcome: "failed",
      provisional: true,
      httpStatus: 0,
      errorType: "orphaned",
      errorMessage: "the gateway has not told how it ended",
      timeToFirstByte: null,
      credentialHint: "",
      upstreamTurns: 0,
    },
  };
}
