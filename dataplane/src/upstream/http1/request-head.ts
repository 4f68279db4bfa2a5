import type { UpstreamRequest } from "../upstream-client.ts";
import { UpstreamError } from "./upstream-error.ts";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5: visible characters, blank, tab, and the bytes above ASCII. */
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
const notInPath = /[^\x21-\x7e\x80-\xff]/;

type Requested = Pick<UpstreamRequest, "method" | "path" | "headers" | "body">;

/** These mean something by a body: one of no bytes is said to be so (RFC 9110 §8.6). */
const bodyMethods = new Set(["POST", "PUT", "PATCH"]);

/**
 * The head of a request as it goes on the wire, to be written as Latin-1. Header values come from clients and from the
 * configuration: one that could end its line would be a request of somebody else's making.
 * @param host name and port of the origin
 * @throws UpstreamError UPSTREAM_INVALID_REQUEST
 */
export function requestHead({ method, path, headers, body }: Requested, host: string): string {
  if (!token.test(method) || path[0] !== "/" || notInPath.test(path)) throw invalid("method or path");
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!token.test(name) || notInValue.test(value)) throw invalid("header");
    head += `${name}: ${value}\r\n`;
  }
  if (body !== null || bodyMethods.has(method)) head += `content-length: ${body?.length ?? 0}\r\n`;
  return `${head}\r\n`;
}

function invalid(what: string): UpstreamError {
  return new UpstreamError("UPSTREAM_INVALID_REQUEST", `a ${what} has characters that HTTP does not allow`);
}
