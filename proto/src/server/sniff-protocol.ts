import type { Socket } from "node:net";

/** First bytes of an HTTP/2 connection (RFC 9113, section 3.4); no method of HTTP/1.1 starts like this. */
const HTTP2_PREFACE_START = Buffer.from("PRI ");
/** How long a new connection may stay silent, in milliseconds. */
const SNIFF_TIMEOUT_MS = 10_000;

/** What a connection speaks, named as in ALPN. */
export type HttpProtocol = "h2" | "http/1.1";

/** Calls back, with no byte of the socket consumed, as soon as the first bytes tell what it speaks. */
export function sniffProtocol(socket: Socket, found: (protocol: HttpProtocol) => void): void {
  let start = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      return;
    }
    start = Buffer.concat([start, chunk]);
    const protocol = protocolOf(start);
    if (protocol !== undefined) {
      socket.off("readable", onReadable);
      socket.removeAllListeners("timeout");
      socket.setTimeout(0);
      // Given back only now: a socket with bytes in it would call this again at once, and not only for new ones.
      socket.unshift(start);
      found(protocol);
    }
  };
  socket.setTimeout(SNIFF_TIMEOUT_MS, () => socket.destroy());
  socket.on("readable", onReadable);
}

/** Undefined while the bytes may still become either. */
function protocolOf(start: Buffer): HttpProtocol | undefined {
  const compared = HTTP2_PREFACE_START.subarray(0, start.length);
  if (!compared.equals(start.subarray(0, compared.length))) {
    return "http/1.1";
  }
  return compared.length === HTTP2_PREFACE_START.length ? "h2" : undefined;
}
