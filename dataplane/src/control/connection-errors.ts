import { tlsProblem } from "@aibridge/proto/channel";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/**
 * Makes one thing of every way in which a service cannot be reached: UNAVAILABLE, with a message that names the address
 * and what is wrong. Without this a failed TLS handshake is INTERNAL, and a connection that breaks ABORTED or CANCELED,
 * like a service's own refusal of one call.
 */
export function connectionErrors(baseUrl: string): Interceptor {
  return (next) => async (request) => {
    const convert = (reason: unknown) => (request.signal.aborted ? reason : connectionError(reason, baseUrl));
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: converted(response.message, convert) } : response;
    } catch (reason) {
      throw convert(reason);
    }
  };
}

/** The error in its clear form if it is about the connection, else the error itself. */
export function connectionError(reason: unknown, baseUrl: string): unknown {
  const problem = tlsProblem(reason) ?? brokenConnection(reason, baseUrl);
  return problem === undefined
    ? reason
    : new ConnectError(`${baseUrl}: ${problem}`, Code.Unavailable, undefined, undefined, reason);
}

/** What transports say of a connection that cannot be made or breaks, as opposed to an answer of the service. */
function brokenConnection(reason: unknown, baseUrl: string): string | undefined {
  if (!(reason instanceof ConnectError)) return undefined;
  const { code, rawMessage, cause } = reason;
  if (code === Code.Canceled && rawMessage.startsWith("http/2 stream closed")) {
    return `the connection broke${refusalHint(baseUrl)}`;
  }
  const isFromSocket = cause instanceof Error && "code" in cause;
  if (code === Code.Aborted && isFromSocket) return `the connection broke${refusalHint(baseUrl)}`;
  return code === Code.Internal && isFromSocket ? rawMessage : undefined;
}

/** Servers that run on Node say nothing to a client whose certificate they do not accept. */
function refusalHint(baseUrl: string): string {
  return baseUrl.startsWith("https:") ? "; if it does at every try, its log says why" : "";
}

async function* converted<T>(messages: AsyncIterable<T>, convert: (reason: unknown) => unknown) {
  try {
    yield* messages;
  } catch (reason) {
    throw convert(reason);
  }
}
