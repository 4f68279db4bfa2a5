import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Logger } from "pino";
import { Failure, type FailureReason } from "../domain/failure.ts";
import { isDatabaseError } from "../store/database-error.ts";

const CODES: Readonly<Record<FailureReason, Code>> = {
  invalid_argument: Code.InvalidArgument,
  out_of_range: Code.OutOfRange,
  not_found: Code.NotFound,
  unauthenticated: Code.Unauthenticated,
  unavailable: Code.Unavailable,
};

/** The RPC status of a failure's reason. */
export function codeOf(reason: FailureReason): Code {
  return CODES[reason];
}

/** The RPC error a caller sees. What was not meant for callers is told without details. */
export function toConnectError(reason: unknown): ConnectError {
  if (reason instanceof ConnectError) {
    return reason;
  }
  if (reason instanceof Failure) {
    return new ConnectError(reason.message, codeOf(reason.reason), undefined, undefined, reason);
  }
  if (isDatabaseError(reason)) {
    return new ConnectError(
      "the database cannot be used now",
      Code.Unavailable,
      undefined,
      undefined,
      reason,
    );
  }
  return new ConnectError(
    "internal error; see the control plane's log",
    Code.Internal,
    undefined,
    undefined,
    reason,
  );
}

/** Turns whatever a service throws into an RPC error, and logs what is the control plane's own fault. */
export function errorInterceptor(logger: Logger): Interceptor {
  const convert = (reason: unknown, method: string): ConnectError => {
    const error = toConnectError(reason);
    if (error.code === Code.Internal || isDatabaseError(reason)) {
      logger.error({ err: reason, method }, "a call failed");
    }
    return error;
  };
  return (next) => async (request) => {
    const { name } = request.method;
    try {
      const response = await next(request);
      return response.stream
        ? { ...response, message: convertErrors(response.message, (reason) => convert(reason, name)) }
        : response;
    } catch (reason) {
      throw convert(reason, name);
    }
  };
}

async function* convertErrors<T>(messages: AsyncIterable<T>, convert: (reason: unknown) => Error) {
  try {
    yield* messages;
  } catch (reason) {
    throw convert(reason);
  }
}
