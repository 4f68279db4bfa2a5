/**
 * Reads HTTP/1.1 messages of one connection, requests and responses alike, with as little work as possible: the
 * provider and the load generator share two cores with what is being measured.
 *
 * Understood is what Node's own server and client send: `content-length` or `transfer-encoding: chunked`. A message
 * with neither has no body.
 */
export interface MessageHandlers {
  /** The start line, e.g. `POST /v1/messages HTTP/1.1` or `HTTP/1.1 200 OK`. */
  head(startLine: string): void;
  /** Body bytes without their framing; a view of the bytes that were pushed. */
  body(bytes: Buffer): void;
  /** The message is whole. */
  end(): void;
}

type State = "head" | "fixed-body" | "chunk-size" | "chunk-body" | "chunk-end" | "trailers";

const EMPTY = Buffer.alloc(0);
const LINE_END = "\r\n";

export class MessageReader {
  readonly #handlers: MessageHandlers;
  #state: State = "head";
  /** Body bytes still to come, of the message or of the chunk. */
  #remaining = 0;
  /** Bytes of an unfinished head or line. */
  #pending: Buffer = EMPTY;

  constructor(handlers: MessageHandlers) {
    this.#handlers = handlers;
  }

  /** Takes the next bytes of the connection. Throws an Error on a chunk size that is none. */
  push(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = EMPTY;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next === at) {
        this.#pending = bytes.subarray(at);
        return;
      }
      at = next;
    }
  }

  /** Reads on from `at`; returns where it stopped, `at` itself if it needs more bytes. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes, at);
      case "fixed-body":
        return this.#readBody(bytes, at, () => this.#finish());
      case "chunk-size":
        return this.#readChunkSize(bytes, at);
      case "chunk-body":
        return this.#readBody(bytes, at, () => {
          this.#state = "chunk-end";
        });
      case "chunk-end":
        return this.#readLine(bytes, at, () => {
          this.#state = "chunk-size";
        });
      case "trailers":
        return this.#readLine(bytes, at, (line) => {
          if (line === "") this.#finish();
        });
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) return at;
    const head = bytes.toString("latin1", at, end);
    this.#handlers.head(head.slice(0, head.indexOf(LINE_END)));
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#state = "chunk-size";
    } else {
      this.#remaining = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      this.#state = "fixed-body";
      if (this.#remaining === 0) this.#finish();
    }
    return end + 4;
  }

  #readBody(bytes: Buffer, at: number, done: () => void): number {
    const end = Math.min(bytes.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#handlers.body(bytes.subarray(at, end));
    if (this.#remaining === 0) done();
    return end;
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    return this.#readLine(bytes, at, (line) => {
      const size = Number.parseInt(line, 16);
      if (Number.isNaN(size)) throw new Error(`not a chunk size: ${JSON.stringify(line.slice(0, 40))}`);
      this.#remaining = size;
      this.#state = size === 0 ? "trailers" : "chunk-body";
    });
  }

  #readLine(bytes: Buffer, at: number, take: (line: string) => void): number {
    const end = bytes.indexOf(LINE_END, at);
    if (end < 0) return at;
    take(bytes.toString("latin1", at, end));
    return end + LINE_END.length;
  }

  #finish(): void {
    this.#state = "head";
    this.#handlers.end();
  }
}
