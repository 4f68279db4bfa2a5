import type { IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors/gateway-error.ts";
import { contentEncoding, createDecoder } from "./content-encoding.ts";
import type { AnswerHandler, UpstreamCall, UpstreamClient, UpstreamRequest } from "./upstream-client.ts";

/** Receives an answer decoded. */
export interface DecodedAnswerHandler extends AnswerHandler {
  /**
   * The bytes of an encoded answer as they came, after `data` had all that they decode to. Never called for an answer
   * without an encoding that can be decoded.
   */
  encoded(chunk: Buffer): void;
}

/** Bytes that one answer may decode to. No real answer comes near; a few bytes that decode to endless ones do. */
const maxDecodedBytes = 256 * 1024 * 1024;

/**
 * Sends a request whose answer is handed over decoded, should it come encoded although nobody asked for that. One in an
 * encoding that is not known here is handed over as it is.
 */
export function sendDecoded(
  client: UpstreamClient,
  request: UpstreamRequest,
  handler: DecodedAnswerHandler,
): UpstreamCall {
  const call = new DecodedCall(handler);
  call.began(client.send(request, call));
  return call;
}

/** Encoded bytes whose decoded form is handed over once `decoded` bytes have been. */
interface EncodedChunk {
  readonly bytes: Buffer;
  readonly decoded: number;
}

/** Stands between an upstream call and its handler: decodes the answer as it comes, at the pace of its handler. */
class DecodedCall implements AnswerHandler, UpstreamCall {
  readonly #handler: DecodedAnswerHandler;
  #call: UpstreamCall | undefined;
  #decoder: Transform | undefined;
  #encoding = "";
  #hasBytes = false;
  #decoded = 0;
  #chunks: EncodedChunk[] = [];
  #paused = false;
  /** Why the provider's side failed; told once what came before is decoded. */
  #failure: Error | undefined;
  /** The provider's side is over; what it sent may still have to be decoded. */
  #received = false;
  #over = false;

  constructor(handler: DecodedAnswerHandler) {
    this.#handler = handler;
  }

  began(call: UpstreamCall): void {
    this.#call = call;
  }

  abort(reason: Error): void {
    if (this.#decoder === undefined) return this.#call?.abort(reason);
    this.#fail(reason);
  }

  pause(): void {
    this.#paused = true;
    this.#decoder?.pause();
    this.#call?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#decoder?.resume();
    if (!this.#decoder?.writableNeedDrain) this.#call?.resume();
  }

  start(status: number, headers: IncomingHttpHeaders): void {
    this.#encoding = contentEncoding(headers["content-encoding"]);
    this.#decoder = createDecoder(this.#encoding);
    this.#decoder
      ?.on("data", (chunk: Buffer) => this.#take(chunk))
      .on("drain", () => this.#paused || this.#call?.resume())
      .on("end", () => this.#end())
      .on("error", (error) => this.#fail(this.#failure ?? this.#unreadable("cannot be decoded", error)));
    this.#handler.start(status, headers);
  }

  data(chunk: Buffer): void {
    const decoder = this.#decoder;
    if (decoder === undefined) return this.#handler.data(chunk);
    if (this.#over) return;
    this.#hasBytes = true;
    const more = decoder.write(chunk, (error) => {
      if (error) return;
      this.#chunks.push({ bytes: chunk, decoded: this.#decoded + decoder.readableLength });
      this.#passEncoded();
    });
    if (!more) this.#call?.pause();
  }

  end(): void {
    this.#received = true;
    // No bytes at all are an empty body, whatever encoding was announced for it.
    if (this.#decoder === undefined || !this.#hasBytes) this.#handler.end();
    else this.#decoder.end();
  }

  fail(reason: Error): void {
    this.#received = true;
    if (this.#decoder === undefined || !this.#hasBytes) return this.#handler.fail(reason);
    this.#failure ??= reason;
    this.#decoder.end();
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    this.#decoded += chunk.length;
    if (this.#decoded > maxDecodedBytes)
      return this.#fail(this.#unreadable(`decodes to more than ${maxDecodedBytes} bytes`, undefined));
    this.#handler.data(chunk);
    this.#passEncoded();
  }

  /** Hands over the encoded bytes all of whose content was handed over. */
  #passEncoded(): void {
    while (!this.#over && this.#chunks[0] !== undefined && this.#chunks[0].decoded <= this.#decoded)
      this.#handler.encoded((this.#chunks.shift() as EncodedChunk).bytes);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const { bytes } of this.#chunks.splice(0)) this.#handler.encoded(bytes);
    // What follows the end of the encoding belongs to nothing: it is not waited for.
    if (!this.#received) this.#call?.abort(new Error("the encoded answer has ended"));
    if (this.#failure === undefined) this.#handler.end();
    else this.#handler.fail(this.#failure);
  }

  #fail(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#decoder?.destroy();
    this.#call?.abort(reason);
    this.#handler.fail(reason);
  }

  #unreadable(why: string, cause: unknown): GatewayError {
    return new GatewayError(
      "upstream_invalid_answer",
      `The provider sent an answer as ${this.#encoding} that ${why}.`,
      { cause },
    );
  }
}
