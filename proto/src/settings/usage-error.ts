/** A command line or environment that cannot be used: one clear sentence for the user. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What the process exits with. */
  readonly exitCode = 2;
}
