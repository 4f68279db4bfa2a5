import { tlsProblem } from "@aibridge/proto/channel";
import { Code, ConnectError } from "@connectrpc/connect";
import { safeLine } from "./safe-text.ts";

/**
 * One line on why a call to the control plane failed and what to do about it.
 * @throws the error itself if it is not from a call
 */
export function describeRpcError(error: unknown, url: string): string {
  if (!(error instanceof ConnectError)) {
    throw error;
  }
  const problem = tlsProblem(error);
  if (problem !== undefined) {
    return `the control plane at ${url} cannot be reached: ${safeLine(problem)}; see --rpc-ca, --rpc-cert and --rpc-key`;
  }
  const said = safeLine(error.rawMessage);
  switch (error.code) {
    case Code.Unauthenticated:
      return `the control plane at ${url} does not know this admin key: give the right one by --admin-key, AIBRIDGE_ADMIN_KEY or AIBRIDGE_ADMIN_KEY_FILE`;
    case Code.PermissionDenied:
      return `this key may not do that: give the admin key, not a gateway key (${said})`;
    case Code.Aborted:
      return `the connection to the control plane at ${url} broke (${said}): try again; if it always does, its log says why`;
    case Code.Unavailable:
      return `the control plane at ${url} cannot be reached (${said}): start it with "aibridge controlplane", or say where it is with --controlplane URL`;
    case Code.Unimplemented:
      return `what answers at ${url} is no control plane of this version (${said}): check --controlplane URL`;
    case Code.NotFound:
    case Code.InvalidArgument:
    case Code.FailedPrecondition:
      return said;
    default:
      return `the control plane at ${url} answered ${Code[error.code]}: ${said}`;
  }
}
