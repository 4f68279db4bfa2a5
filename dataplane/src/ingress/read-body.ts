import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors/gateway-error.ts";
import { contentEncoding, createDecoder, isDecodable } from "../upstream/content-encoding.ts";
import { type BodyBudget, overBudget } from "./body-budget.ts";

/** A request body in memory. */
export interface RequestBody {
  /** As it came. */
  readonly bytes: Buffer;
  /** Decoded; the same buffer if it came without an encoding. */
  readonly decoded: Buffer;
  /** The content-encoding it came with, "" for none. */
  readonly encoding: string;
}

export interface BodyLimits {
  /** Decoded bytes of this body. */
  readonly bodyBytes: number;
  /** Bytes of all bodies together. */
  readonly bufferedBytes: number;
  /** Milliseconds for the whole body. */
  readonly timeoutMs: number;
}

/** The client went away while its request was read. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * Reads a whole body within the limits. Throws `request_too_large`, `request_timeout`, `overloaded`,
 * `unsupported_media_type`, `invalid_body` (does not decode) or ClientGone. The caller gives the returned bytes back to
 * the budget: the sum of both buffers' lengths (once if they are the same).
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: BodyBudget,
): Promise<RequestBody> {
  const encoding = contentEncoding(request.headers["content-encoding"]);
  if (encoding !== "" && !isDecodable(encoding)) throw unsupportedEncoding();
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limits.bodyBytes) throw tooLarge(limits);
  // Whoever left before is told of no more.
  if (request.destroyed) throw new ClientGone("the client went away before its request was read");
  const bytes = await collect(request, limits, budget);
  if (encoding === "") return { bytes, decoded: bytes, encoding };
  try {
    return { bytes, decoded: await decode(bytes, encoding, limits, budget), encoding };
  } catch (error) {
    budget.give(bytes.length);
    throw error;
  }
}

/** What a body holds of the budget. */
export function heldBytes(body: RequestBody): number {
  return body.bytes.length + (body.decoded === body.bytes ? 0 : body.decoded.length);
}

function collect(request: IncomingMessage, limits: BodyLimits, budget: BodyBudget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => {
      fail(new GatewayError("request_timeout", "The request body did not arrive in time."));
    }, limits.timeoutMs);
    const stop = () => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
    };
    const fail = (error: Error) => {
      stop();
      budget.give(length);
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      if (length + chunk.length > limits.bodyBytes) return fail(tooLarge(limits));
      if (!budget.take(chunk.length, limits.bufferedBytes)) return fail(overBudget());
      length += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length));
    };
    const onClose = () => fail(new ClientGone("the client went away before its request was complete"));
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

function unsupportedEncoding(): GatewayError {
  return new GatewayError(
    "unsupported_media_type",
    "The gateway reads request bodies encoded as gzip, deflate, br or zstd only.",
    {
      headers: { "accept-encoding": "gzip, deflate, br, zstd" },
    },
  );
}

/** Decodes piece by piece, so that no more than the limits allow is ever made of a few bytes. */
async function decode(
  bytes: Buffer,
  encoding: string,
  limits: BodyLimits,
  budget: BodyBudget,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    const decoder = createDecoder(encoding)?.end(bytes);
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      if (length + chunk.length > limits.bodyBytes) throw tooLarge(limits);
      if (!budget.take(chunk.length, limits.bufferedBytes)) throw overBudget();
      length += chunk.length;
      chunks.push(chunk);
    }
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
  } catch (error) {
    budget.give(length);
    if (error instanceof GatewayError) throw error;
    throw new GatewayError("invalid_body", `The request body is not valid ${encoding}.`, { cause: error });
  }
}

function tooLarge(limits: BodyLimits): GatewayError {
  return new GatewayError("request_too_large", `The request body is larger than ${limits.bodyBytes} bytes.`);
}
