import {
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SseError,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { AnswerTooLong } from "./answer-limit.ts";
import { RefusedAddress } from "./guarded-fetch.ts";

/** The server refused the credentials of the policy: nothing was run. */
export class McpUnauthorized extends Error {
  override readonly name = "McpUnauthorized";
  readonly kind = "unauthorized";
}

/** The policy does not have the tool any more, or it waits to be approved: nothing was run. */
export class McpToolGone extends Error {
  override readonly name = "McpToolGone";
  readonly kind = "tool_gone";
}

/** A request to an MCP server brought nothing. The message says why, and is fit for logs, records and the model. */
export class McpFailure extends Error {
  override readonly name = "McpFailure";
  /** In one word, for traces: "timeout". */
  readonly kind: string;

  constructor(message: string, kind: string) {
    super(message);
    this.kind = kind;
  }
}

/** The status with which a server refused a request over HTTP; undefined for every other failure. */
export function httpStatus(error: unknown): number | undefined {
  if (ProtocolError.isInstance(error)) return undefined;
  if (error instanceof UnauthorizedError) return 401;
  if (SdkHttpError.isInstance(error)) return error.status;
  // The client library gives the status of HTTP+SSE only as text.
  const written = error instanceof Error && /^Error POSTing to endpoint \(HTTP (\d{3})\)/.exec(error.message);
  if (written) return Number(written[1]);
  return error instanceof SseError ? error.code : undefined;
}

const closed = [SdkErrorCode.ConnectionClosed, SdkErrorCode.NotConnected];

/** True if there was no answer of any kind: the server is away. */
export function isOutOfReach(error: unknown): boolean {
  if (ProtocolError.isInstance(error) || httpStatus(error) !== undefined) return false;
  const isClosed = SdkError.isInstance(error) && closed.includes(error.code);
  return isClosed || causesOf(error).some((cause) => codeOf(cause) !== undefined);
}

/** True if the server took longer than it may. */
export function isTimeout(error: unknown): boolean {
  return SdkError.isInstance(error) && error.code === SdkErrorCode.RequestTimeout;
}

/** The kind of a failure, in one word: an HTTP status, the code of a JSON-RPC error, or a name. */
export function failureKind(error: unknown): string {
  const status = httpStatus(error);
  if (status !== undefined) return String(status);
  if (ProtocolError.isInstance(error)) return String(error.code);
  if (isTimeout(error) || causesOf(error).some(({ name }) => name === "TimeoutError")) return "timeout";
  return isOutOfReach(error) ? "unreachable" : "invalid_answer";
}

/** Longest text of a server that is repeated. */
const maxTextLength = 500;

/**
 * What went wrong with an MCP server, for logs, records and the model: "it answered with HTTP 500". Of the server's own
 * words only a JSON-RPC error's message is repeated, which is meant to be read; bodies are not, they may hold anything.
 * @param hide takes credentials out of these words
 */
export function mcpFailure(error: unknown, hide: (said: string) => string = (said) => said): string {
  const status = httpStatus(error);
  if (status === 401) return "it refused the credentials";
  if (status !== undefined) return `it answered with HTTP ${status}`;
  if (ProtocolError.isInstance(error)) return hide(error.message).slice(0, maxTextLength).toWellFormed();
  return (SdkError.isInstance(error) && sdkFailures[error.code]) || networkFailure(error);
}

const sdkFailures: Partial<Record<SdkErrorCode, string>> = {
  [SdkErrorCode.RequestTimeout]: "it did not answer in time",
  [SdkErrorCode.ConnectionClosed]: "it closed the connection",
  [SdkErrorCode.NotConnected]: "it closed the connection",
  [SdkErrorCode.UnsupportedResultType]: "it asked for input, which the gateway cannot give",
  [SdkErrorCode.ListPaginationExceeded]: "its list of tools does not end",
};

/** Failures of the gateway's own, whose words can be repeated. */
const plainFailures = [McpFailure, RefusedAddress, AnswerTooLong];

/** No JSON, and JSON that is no message of MCP (which the client library checks with zod). */
const unreadable = ["SyntaxError", "ZodError", "$ZodError"];

function networkFailure(error: unknown): string {
  for (const cause of causesOf(error)) {
    if (plainFailures.some((kind) => cause instanceof kind)) return cause.message;
    if (cause.name === "TimeoutError") return "it did not answer in time";
    if (cause.name === "AbortError") return "the call was given up";
    if (cause.message === "unexpected redirect") return "it redirects, which is not followed";
    if (unreadable.includes(cause.name)) return "it answered with something that cannot be read";
    const code = codeOf(cause);
    if (code !== undefined) return `it cannot be reached (${code})`;
  }
  return SdkError.isInstance(error)
    ? "it answered with something that cannot be read"
    : "it cannot be reached";
}

/** "ECONNREFUSED". */
function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : undefined;
}

/** The error with what caused it, where Node puts the reason of a failed connection; without the library's wrappers. */
function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 10; cause = cause.cause)
    causes.push(cause);
  return causes.filter((cause) => !SdkError.isInstance(cause));
}
