import type { Socket } from "node:net";
import { type Origin, openSocket, type TlsSession } from "./open-socket.ts";
import { UpstreamError, type UpstreamErrorCode } from "./upstream-error.ts";
import type { Carrier, WireExchange } from "./wire-exchange.ts";

/** Who keeps connections. */
export interface ConnectionOwner {
  /** It can carry another request. */
  idle(connection: Connection): void;
  closed(connection: Connection): void;
}

const timeoutTexts = {
  UPSTREAM_CONNECT_TIMEOUT: "the connection was not made in time",
  UPSTREAM_FIRST_BYTE_TIMEOUT: "the answer did not begin in time",
  UPSTREAM_IDLE_TIMEOUT: "the answer did not go on in time",
} satisfies Partial<Record<UpstreamErrorCode, string>>;

/** Bodies up to this length are copied behind their head: one buffer is written for less than two. */
const maxJoinedBytes = 32 * 1024;

/** One connection to a provider. It carries one request at a time. */
export class Connection implements Carrier {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #ready = false;
  #exchange: WireExchange | undefined;
  /** The head of the request, until it is written. */
  #head = "";
  #timer: NodeJS.Timeout | undefined;
  /** What the timer is for: it is set anew only when that changes, and else just put off. */
  #timerCode: keyof typeof timeoutTexts | undefined;
  #error: Error | undefined;

  constructor(origin: Origin, tls: TlsSession, connectMs: number, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#socket = openSocket(origin, tls, {
      onBytes: (bytes) => this.#received(bytes),
      ready: () => this.#becameReady(),
    });
    this.#socket
      .on("error", (error) => {
        this.#error ??= error;
      })
      .on("end", () => this.#endOfInput())
      .on("close", () => this.#closed());
    this.#failAfter(connectMs, "UPSTREAM_CONNECT_TIMEOUT");
  }

  /** False from the moment on when it is known to be of no more use. */
  get usable(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Sends a request, as soon as the connection stands. Only while it carries none.
   * @param head of the request, as Latin-1
   */
  carry(exchange: WireExchange, head: string): void {
    this.#exchange = exchange;
    this.#head = head;
    exchange.carriedBy(this);
    if (!this.#ready) return;
    this.#socket.ref();
    this.#write(exchange);
  }

  /** Breaks off; the request fails for this reason. */
  destroy(reason: Error): void {
    this.#stopTimer();
    this.#socket.destroy();
    this.#exchange?.failed(reason);
    this.#exchange = undefined;
  }

  /** Stops reading: what the provider sends stays in the kernel. Its silence is nobody's fault then. */
  pause(): void {
    this.#stopTimer();
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#socket.isPaused()) return;
    if (this.#exchange !== undefined) this.#awaitMore(this.#exchange);
    this.#socket.resume();
  }

  #becameReady(): void {
    this.#ready = true;
    if (this.#exchange !== undefined) this.#write(this.#exchange);
  }

  #write({ request }: WireExchange): void {
    const { body, firstByteMs } = request;
    const head = this.#head;
    this.#head = "";
    this.#failAfter(firstByteMs, "UPSTREAM_FIRST_BYTE_TIMEOUT");
    if (body === null) return void this.#socket.write(head, "latin1");
    if (body.length <= maxJoinedBytes) {
      const message = Buffer.allocUnsafe(head.length + body.length);
      message.write(head, "latin1");
      body.copy(message, head.length);
      return void this.#socket.write(message);
    }
    this.#socket.cork();
    this.#socket.write(head, "latin1");
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #received(bytes: Buffer): void {
    const exchange = this.#exchange;
    // Nobody asked: what comes on an idle connection is no answer to whatever is asked next.
    if (exchange === undefined) return void this.#socket.destroy();
    try {
      const complete = exchange.reader.push(bytes);
      // The handler may have given the request up meanwhile.
      if (this.#exchange !== exchange) return;
      if (complete) this.#complete(exchange);
      else if (exchange.reader.head !== undefined && !this.#socket.isPaused()) this.#awaitMore(exchange);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #complete(exchange: WireExchange): void {
    this.#exchange = undefined;
    this.#stopTimer();
    this.#keepFor(exchange.reader.surplus ? 0 : (exchange.reader.head?.keepAliveMs ?? 0));
    exchange.ended();
  }

  /** Keeps the connection for another request, unless part of this one is still unsent: nobody wants that any more. */
  #keepFor(milliseconds: number): void {
    if (milliseconds === 0 || this.#socket.writableLength > 0) return void this.#socket.destroy();
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#socket.unref();
    this.#timer = setTimeout(() => this.#socket.destroy(), milliseconds).unref();
    this.#owner.idle(this);
  }

  #endOfInput(): void {
    const exchange = this.#exchange;
    if (exchange?.reader.finish()) this.#complete(exchange);
    else this.destroy(closedEarly());
  }

  #closed(): void {
    this.#owner.closed(this);
    this.destroy(this.#error ?? closedEarly());
  }

  #awaitMore({ request }: WireExchange): void {
    if (this.#timerCode === "UPSTREAM_IDLE_TIMEOUT") this.#timer?.refresh();
    else this.#failAfter(request.idleMs, "UPSTREAM_IDLE_TIMEOUT");
  }

  #failAfter(milliseconds: number, code: keyof typeof timeoutTexts): void {
    clearTimeout(this.#timer);
    this.#timerCode = code;
    this.#timer = setTimeout(() => this.destroy(new UpstreamError(code, timeoutTexts[code])), milliseconds);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerCode = undefined;
  }
}

function closedEarly(): UpstreamError {
  return new UpstreamError("UPSTREAM_CLOSED", "the connection was closed before the answer was complete");
}
