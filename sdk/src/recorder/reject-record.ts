import { Code, ConnectError } from "@connectrpc/connect";

/**
 * Thrown by a recorder for a record that can never be stored. The data plane does not send it again: it keeps it in its
 * dead-letter file with the reason. A failure that may pass (the database is away) must be any other error.
 */
export class RejectRecord extends ConnectError {
  /**
   * @param reason one sentence without secrets; it goes to the data plane's log
   * @param code `InvalidArgument`, or `OutOfRange` for one that is too large
   */
  constructor(reason: string, code: Code.InvalidArgument | Code.OutOfRange = Code.InvalidArgument) {
    // It keeps the name ConnectError: by its name such an error is known across copies of the library.
    super(reason, code);
  }
}

/** The reason why a record is rejected for good; undefined for any other failure. */
export function rejectionOf(error: unknown): ConnectError | undefined {
  const rejected =
    error instanceof ConnectError && (error.code === Code.InvalidArgument || error.code === Code.OutOfRange);
  return rejected ? error : undefined;
}

/** True for the answer of a store that has the record already. */
export function isStoredAlready(error: unknown): boolean {
  return error instanceof ConnectError && error.code === Code.AlreadyExists;
}
