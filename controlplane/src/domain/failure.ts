/** Why a request cannot be served; each has one RPC status. */
export type FailureReason =
  | "invalid_argument"
  | "out_of_range"
  | "not_found"
  | "unauthenticated"
  | "unavailable";

/** A failure whose message is meant for the caller: one sentence without secrets. */
export class Failure extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.reason = reason;
  }
}
