import { type ErrorCode, type ErrorRow, errorCodes } from "./codes.ts";

/** An error that the gateway answers a client with. Its message is for the client: what is wrong and what to do. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly code: ErrorCode;
  /** Seconds for the `Retry-After` header, if it is known when a retry can succeed. */
  readonly retryAfter: number | undefined;
  /** Further response headers, such as `allow`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: { cause?: unknown; retryAfter?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryAfter = details.retryAfter;
    this.headers = details.headers ?? {};
  }

  get row(): ErrorRow {
    return errorCodes[this.code];
  }

  get status(): number {
    return this.row.status;
  }
}
