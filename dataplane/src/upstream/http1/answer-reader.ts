import { type AnswerHead, type BodyFraming, readAnswerHead } from "./answer-head.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { invalidAnswer } from "./upstream-error.ts";

/** Takes an answer as it is read. */
export interface AnswerSink {
  start(head: AnswerHead): void;
  /** Content without framing; the buffer is the sink's to keep. */
  data(content: Buffer): void;
}

/** Bytes of one answer's head: providers send 1 to 4 KB. */
const maxHeadBytes = 32 * 1024;
const blankLine = Buffer.from("\r\n\r\n");

/** Reads one answer from the bytes of a connection, in whatever pieces they come. Knows nothing of sockets. */
export class AnswerReader {
  readonly #method: string;
  readonly #sink: AnswerSink;
  /** The beginning of a head whose end has not come. */
  #partialHead: Buffer | undefined;
  #head: AnswerHead | undefined;
  /** Bytes that are missing of a body of known length. */
  #missing = 0;
  #chunked: ChunkedBody | undefined;
  #surplus = false;

  /** @param method of the request */
  constructor(method: string, sink: AnswerSink) {
    this.#method = method;
    this.#sink = sink;
  }

  /** Undefined until it was read; never that of an interim answer. */
  get head(): AnswerHead | undefined {
    return this.#head;
  }

  /** True if bytes came that are none of this answer: nobody knows whose they are. */
  get surplus(): boolean {
    return this.#surplus;
  }

  /**
   * Takes the next bytes. They are only borrowed, and changed: content is copied out of them.
   * @returns true once the answer is complete
   * @throws UpstreamError UPSTREAM_INVALID_ANSWER
   */
  push(bytes: Buffer): boolean {
    if (this.#head !== undefined) return this.#body(bytes, 0);
    const whole = this.#partialHead === undefined ? bytes : Buffer.concat([this.#partialHead, bytes]);
    const bodyFrom = this.#readHead(whole);
    return bodyFrom !== -1 && this.#body(whole, bodyFrom);
  }

  /** The connection ended. True if that completes the answer. */
  finish(): boolean {
    return this.#head?.framing === "until_close";
  }

  /** @returns where the body begins, -1 if the head is incomplete */
  #readHead(bytes: Buffer): number {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(blankLine, from);
      if ((end === -1 ? bytes.length : end) - from > maxHeadBytes)
        throw invalidAnswer("headers are too large");
      if (end === -1) {
        this.#partialHead = Buffer.from(bytes.subarray(from));
        return -1;
      }
      const head = readAnswerHead(bytes.toString("latin1", from, end), this.#method);
      from = end + blankLine.length;
      // Nobody asked for another protocol.
      if (head.status === 101) throw invalidAnswer("it switches protocols");
      if (head.status < 200) continue;
      this.#begin(head);
      return from;
    }
  }

  #begin(head: AnswerHead): void {
    this.#head = head;
    this.#partialHead = undefined;
    const { framing } = head;
    if (typeof framing === "number") this.#missing = framing;
    else if (framing === "chunked") this.#chunked = new ChunkedBody();
    this.#sink.start(head);
  }

  #body(bytes: Buffer, from: number): boolean {
    const framing = (this.#head as AnswerHead).framing as BodyFraming;
    if (framing === "chunked") return this.#chunkedBody(this.#chunked as ChunkedBody, bytes, from);
    if (framing === "until_close") {
      this.#deliver(bytes, from, bytes.length);
      return false;
    }
    const end = Math.min(bytes.length, from + this.#missing);
    this.#missing -= end - from;
    this.#surplus = end < bytes.length;
    this.#deliver(bytes, from, end);
    return this.#missing === 0;
  }

  #chunkedBody(chunked: ChunkedBody, bytes: Buffer, from: number): boolean {
    const end = chunked.decode(bytes, from);
    this.#surplus = chunked.consumed < bytes.length;
    this.#deliver(bytes, from, end);
    return chunked.complete;
  }

  #deliver(bytes: Buffer, from: number, to: number): void {
    if (to === from) return;
    const content = Buffer.allocUnsafe(to - from);
    bytes.copy(content, 0, from, to);
    this.#sink.data(content);
  }
}
