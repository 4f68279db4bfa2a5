import { Code, ConnectError } from "@connectrpc/connect";
import { errorCode } from "./from-reason.ts";

/**
 * What a host's function threw, as a ConnectError whose message may be logged: the function, the error's name or code,
 * and the place in the host's code. Not the error's own text, which may quote a credential or a prompt.
 * @param name the function: "recordTokenUsage"
 */
export function hostFailure(name: string, thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const message = `${name} failed: ${errorCode(thrown)}${placeOf(thrown)}`;
  return new ConnectError(message, Code.Internal, undefined, undefined, thrown);
}

/** The first frame of an error's stack: " at Ledger.write (/app/ledger.js:33:11)". */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || thrown.stack === undefined) return "";
  // The text comes first in the stack, and may have lines of its own.
  const frames = thrown.stack.slice(thrown.stack.indexOf(thrown.message) + thrown.message.length);
  const [, frame] = /^ +(at .+)$/m.exec(frames) ?? [];
  return frame === undefined ? "" : ` ${frame}`;
}
