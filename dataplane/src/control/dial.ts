import { isIP, connect as openTcp, type Socket } from "node:net";
import { connect as openTls, type TLSSocket } from "node:tls";
import type { Certificates } from "@aibridge/proto/channel";

/** Longest time for a connection to stand, TLS included. A machine that is gone does not even refuse one. */
const connectTimeoutMs = 5_000;

/**
 * Opens a connection for HTTP/2 to a service.
 * @param url http: TCP; https: TLS
 * @param certificates whom to trust instead of the well-known authorities, and what to show of ourselves
 * @returns the socket, connecting. It fails with an error that says what is wrong
 */
export function dial(url: URL, certificates: Certificates, timeoutMs: number = connectTimeoutMs): Socket {
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const address = { host, port: Number(url.port) || (secure ? 443 : 80), noDelay: true, keepAlive: true };
  const socket = secure ? dialTls(address, certificates) : openTcp(address);
  const tooLate = setTimeout(() => socket.destroy(connectTimeout(timeoutMs)), timeoutMs).unref();
  const settled = () => clearTimeout(tooLate);
  socket.once(secure ? "secureConnect" : "connect", settled).once("close", settled);
  return socket;
}

function dialTls(address: { host: string; port: number }, certificates: Certificates): TLSSocket {
  const socket = openTls({
    ...address,
    ...certificates,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["h2"],
    // An address is no name to ask for (RFC 6066, section 3); the certificate is checked against it nevertheless.
    ...(isIP(address.host) === 0 && { servername: address.host }),
  });
  socket.once("secureConnect", () => {
    if (socket.alpnProtocol !== "h2") socket.destroy(noHttp2());
  });
  return socket;
}

function connectTimeout(timeoutMs: number): Error {
  return Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: "ETIMEDOUT" });
}

function noHttp2(): Error {
  return new Error("it does not speak HTTP/2 by TLS (ALPN); --rpc-protocol connect needs only HTTP/1.1");
}
