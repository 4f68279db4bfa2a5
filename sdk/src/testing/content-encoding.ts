import { promisify } from "node:util";
import {
  brotliDecompress,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gunzip,
  inflate,
  zstdDecompress,
} from "node:zlib";

const encoders = {
  gzip: () => ({ stream: createGzip(), flush: constants.Z_SYNC_FLUSH }),
  br: () => ({ stream: createBrotliCompress(), flush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: () => ({ stream: createZstdCompress(), flush: constants.ZSTD_e_flush }),
};

/**
 * Encodes a body piece by piece, flushing after each, so that a stream stays live when it is compressed. The bytes
 * that close the encoding join the last piece.
 */
export async function encodePieces(
  pieces: readonly Buffer[],
  encoding: keyof typeof encoders | undefined,
): Promise<readonly Buffer[]> {
  if (encoding === undefined) return pieces;
  const { stream, flush } = encoders[encoding]();
  const collected: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => collected.push(chunk));
  const encoded: Buffer[] = [];
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise<void>((resolve) => stream.flush(flush, resolve));
    encoded.push(Buffer.concat(collected.splice(0)));
  }
  await new Promise<void>((resolve) => {
    stream.once("end", resolve);
    stream.end();
  });
  const last = encoded.pop() ?? Buffer.alloc(0);
  return [...encoded, Buffer.concat([last, ...collected])];
}

const decoders: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/** Decodes a request body; one in an unknown or broken encoding comes back as it is. */
export async function decodeBody(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const decode = encoding === undefined ? undefined : decoders[encoding.trim().toLowerCase()];
  if (decode === undefined) return body;
  try {
    return await decode(body);
  } catch {
    return body;
  }
}
