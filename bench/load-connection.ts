import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { MessageReader } from "./wire/message-reader.ts";

/** A request that is sent again and again, and the only answer that is right. */
export interface Exchange {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** The whole HTTP request. */
  readonly request: Buffer;
  /** The body of the right answer. */
  readonly expectedBody: Buffer;
}

/** Longest part of a wrong answer that is shown. */
const SHOWN_BYTES = 400;

/** One keep-alive connection that carries one request at a time and compares every byte of the answers. */
export class LoadConnection {
  readonly #exchange: Exchange;
  readonly #socket: Socket;
  readonly #reader = new MessageReader({
    head: (startLine) => this.#checkStatus(startLine),
    body: (bytes) => this.#checkBody(bytes),
    end: () => this.#checkEnd(),
  });
  #received = 0;
  #answer: PromiseWithResolvers<void> | undefined;
  #milestone: { bytes: number; reached: () => void } | undefined;
  #failure: Error | undefined;

  private constructor(exchange: Exchange, socket: Socket) {
    this.#exchange = exchange;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.once("error", (error) => this.#fail(error));
    socket.once("close", () => this.#fail(new Error("the connection was closed")));
  }

  /** Connects. Rejects if nobody listens. */
  static async open(exchange: Exchange): Promise<LoadConnection> {
    const socket = connect(exchange.port, "127.0.0.1");
    await once(socket, "connect");
    return new LoadConnection(exchange, socket);
  }

  /** Sends the request; resolves when the whole answer came, rejects if it is another than expected. */
  send(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#received = 0;
    this.#answer = Promise.withResolvers<void>();
    this.#socket.write(this.#exchange.request);
    return this.#answer.promise;
  }

  /** Resolves when that many bytes of the current answer's body have come. Call it before they can. */
  receivedAtLeast(bytes: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#milestone = { bytes, reached: resolve };
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      const shown = chunk.toString("latin1", 0, SHOWN_BYTES);
      this.#fail(new Error(`${(error as Error).message}; the last bytes read: ${JSON.stringify(shown)}`));
      this.close();
    }
  }

  #checkStatus(startLine: string): void {
    if (!startLine.startsWith("HTTP/1.1 200 ")) throw new Error(`the answer is ${JSON.stringify(startLine)}`);
  }

  #checkBody(bytes: Buffer): void {
    const { expectedBody } = this.#exchange;
    const end = this.#received + bytes.length;
    if (end > expectedBody.length || bytes.compare(expectedBody, this.#received, end) !== 0) {
      throw new Error(`the answer differs from the provider's after byte ${this.#received}`);
    }
    this.#received = end;
    if (this.#milestone !== undefined && end >= this.#milestone.bytes) {
      this.#milestone.reached();
      this.#milestone = undefined;
    }
  }

  #checkEnd(): void {
    const expected = this.#exchange.expectedBody.length;
    if (this.#received !== expected)
      throw new Error(`the answer ends at byte ${this.#received} of ${expected}`);
    this.#answer?.resolve();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#answer?.reject(this.#failure);
  }
}
