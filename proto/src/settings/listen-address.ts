import { isIPv4, isIPv6 } from "node:net";

/** Where a listener listens. */
export interface ListenAddress {
  /** Host name or IP address, an IPv6 address without its brackets. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
}

/**
 * Reads `host:port`: "127.0.0.1:8080", "localhost:0", "[::1]:8080".
 * @throws SyntaxError saying what was expected and what was found
 */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits = ""] =
    /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  const wrongBrackets = bracketed !== undefined && !isIPv6(bracketed);
  if (host === undefined || wrongBrackets || digits === "" || port > 65_535) {
    throw new SyntaxError(
      `expected HOST:PORT such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080, found "${text}"`,
    );
  }
  return { host, port };
}

/** True if only this machine can reach `host`: localhost, 127.0.0.0/8, ::1 (also in the brackets of a URL). */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (name === "localhost" || name.endsWith(".localhost")) {
    return true;
  }
  if (isIPv4(name)) {
    return name.startsWith("127.");
  }
  if (!isIPv6(name) || name.includes("%")) {
    return false;
  }
  // The URL parser writes an IPv6 address in its one canonical form, an embedded IPv4 address in hexadecimal.
  const canonical = new URL(`http://[${name}]`).hostname;
  return canonical === "[::1]" || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(canonical);
}
