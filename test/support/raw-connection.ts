import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { eventually } from "./eventually.ts";

/** An HTTP/1.1 answer as it came over a connection. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A TCP connection for what no HTTP client would send. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  /** Everything that came. */
  received = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1");
    });
    // The other side may reset: what matters is what it sent before.
    socket.on("error", () => undefined);
  }

  static async to(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The first answer, once it is whole by its content-length; fails if the connection closes before. */
  answer(withinMs = 10_000): Promise<RawAnswer> {
    return eventually(() => parseAnswer(this.received), withinMs).catch(() => {
      throw new Error(`no whole answer (connection closed: ${this.socket.closed}): ${this.received}`);
    });
  }

  /** Resolves when the connection is closed, by whom ever. */
  async closed(withinMs = 10_000): Promise<void> {
    await eventually(() => this.socket.closed || undefined, withinMs);
  }

  /** Goes away at once, as a process that is killed. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Reads the first answer in a text that is not an interim one; undefined as long as it is not whole. */
export function parseAnswer(text: string): RawAnswer | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const rest = text.slice(headEnd + 4);
  if (status < 200) return parseAnswer(rest);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const length = Number(headers["content-length"] ?? 0);
  return rest.length < length ? undefined : { status, headers, body: rest.slice(0, length) };
}
