/** What can go wrong between a request to a provider and the end of its answer, beside what Node's sockets report. */
export type UpstreamErrorCode =
  | "UPSTREAM_CONNECT_TIMEOUT"
  | "UPSTREAM_FIRST_BYTE_TIMEOUT"
  | "UPSTREAM_IDLE_TIMEOUT"
  /** The connection ended before the answer did. */
  | "UPSTREAM_CLOSED"
  /** What came is not an HTTP/1.1 answer. */
  | "UPSTREAM_INVALID_ANSWER"
  /** The request cannot be put on the wire: a path or header with characters that end it. */
  | "UPSTREAM_INVALID_REQUEST";

/** A failed upstream request. The text names no value: it may be a secret. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly code: UpstreamErrorCode;

  constructor(code: UpstreamErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What was read is not an HTTP/1.1 answer, for this reason. */
export function invalidAnswer(why: string): UpstreamError {
  return new UpstreamError("UPSTREAM_INVALID_ANSWER", `the answer is not valid HTTP/1.1: ${why}`);
}
