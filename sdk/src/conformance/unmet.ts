/** A requirement that a recorder does not meet: what it should have done, and what it did. */
export class Unmet extends Error {
  override readonly name = "Unmet";
  /** A clause: "OK or ALREADY_EXISTS for the second call". */
  readonly expected: string;
  /** A clause: "INTERNAL (duplicate key)". May quote the recorder. */
  readonly seen: string;

  constructor(expected: string, seen: string) {
    super(`expected ${expected}; seen ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}
