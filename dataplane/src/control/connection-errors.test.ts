import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { connectionError } from "./connection-errors.ts";

/** An error as the transports make it of one of a socket. */
function fromSocket(code: Code, socketCode: string, message = "it broke"): ConnectError {
  const cause = Object.assign(new Error(message), { code: socketCode });
  return new ConnectError(message, code, undefined, undefined, cause);
}

const url = "https://control.example.com";

test.each([
  [fromSocket(Code.Internal, "CERT_HAS_EXPIRED"), `${url}: its certificate has expired`],
  [fromSocket(Code.Internal, "EHOSTUNREACH", "connect EHOSTUNREACH"), `${url}: connect EHOSTUNREACH`],
  [
    fromSocket(Code.Aborted, "ECONNRESET"),
    `${url}: the connection broke; if it does at every try, its log says why`,
  ],
  [
    new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
    `${url}: the connection broke; if it does at every try, its log says why`,
  ],
])("%s is UNAVAILABLE and names the address", (reason, message) => {
  const error = connectionError(reason, url);
  expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: message, cause: reason });
});

test.each([
  new ConnectError("no such record", Code.Internal),
  new ConnectError("try again", Code.Aborted),
  new ConnectError("the caller went away", Code.Canceled),
  fromSocket(Code.Unavailable, "ECONNREFUSED"),
  new Error("unrelated"),
])("%s stays what it is", (reason) => {
  expect(connectionError(reason, url)).toBe(reason);
});
