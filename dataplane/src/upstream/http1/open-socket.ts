import { connect, isIP, type Socket, type TcpNetConnectOpts } from "node:net";
import { connect as connectTls } from "node:tls";

/** Where a provider is reached. */
export interface Origin {
  readonly secure: boolean;
  /** Name or address, without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** Name and port as they belong into the Host header. */
  readonly host: string;
}

/** @param origin scheme, host and port: "https://api.anthropic.com" */
export function parseOrigin(origin: string): Origin {
  const { protocol, hostname, port, host } = new URL(origin);
  const secure = protocol === "https:";
  return {
    secure,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    host,
  };
}

/** The last TLS session of an origin, which spares the next connection a round trip. */
export interface TlsSession {
  session: Buffer | undefined;
}

/**
 * Bytes of one read. Every socket reads into the same memory: what is kept of a read is copied out of it at its real
 * length, where a stream would leave a buffer of this size behind for each socket that waits for its client.
 */
const readBytes = 32 * 1024;
const readBuffer = Buffer.allocUnsafeSlow(readBytes);

/** Time after which a silent peer is asked whether it is still there. */
const probeAfterMs = 60_000;

/**
 * Begins to connect. `ready` is called once requests can be written; the certificate is verified by then.
 * @param onBytes takes what is read; the bytes are only borrowed until it returns
 */
export function openSocket(
  origin: Origin,
  tls: TlsSession,
  { onBytes, ready }: { readonly onBytes: (bytes: Buffer) => void; readonly ready: () => void },
): Socket {
  const callback = (length: number) => {
    onBytes(readBuffer.subarray(0, length));
    return true;
  };
  const options: TcpNetConnectOpts = {
    host: origin.hostname,
    port: origin.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: probeAfterMs,
    onread: { buffer: readBuffer, callback },
  };
  if (!origin.secure) return connect(options, ready);
  const { session } = tls;
  const servername = isIP(origin.hostname) ? "" : origin.hostname;
  const protocols = { ALPNProtocols: ["http/1.1"] };
  const socket = connectTls({ ...options, servername, ...protocols, ...(session && { session }) }, ready);
  socket.on("session", (next) => {
    tls.session = next;
  });
  return socket;
}
