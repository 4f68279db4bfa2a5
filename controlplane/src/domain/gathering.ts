/** Records with which a transaction is large enough to start. */
const FULL_RECORDS = 1024;

/** Records of a transaction that are a sign of a backlog: data planes with little to tell send fewer. */
const BACKLOG_RECORDS = 64;

/** Behind a backlog records are gathered for at most as long as this many transactions like the last one take. */
const GATHER_FACTOR = 2;

/**
 * Decides whether a transaction waits for more records. Each costs much that does not depend on how many records are in
 * it, and SQLite lets nothing arrive while it works: behind a backlog it pays to wait. Without one nobody waits.
 */
export class Gathering {
  /** Until when records may still join the next transaction, by the monotonic clock. */
  #until = 0;

  /** Notes a transaction that has ended. Times are milliseconds by the monotonic clock. */
  transactionEnded(records: number, began: number, ended: number): void {
    this.#until = records < BACKLOG_RECORDS ? 0 : ended + GATHER_FACTOR * (ended - began);
  }

  /**
   * True if it is worth looking again a little later.
   * @param waiting records that wait now
   * @param before how many waited at the look before; 0 at the first one
   */
  goesOn(waiting: number, before: number, now: number): boolean {
    return waiting > before && waiting < FULL_RECORDS && now < this.#until;
  }
}
